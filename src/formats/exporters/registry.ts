import { MixwrightError } from '../../errors.js'
import { csv } from './csv.js'
import { doremi } from './doremi.js'
import { hfInterleave } from './hf-interleave.js'
import { json } from './json.js'
import { levanter } from './levanter.js'
import { litdata } from './litdata.js'
import { llamaFactory } from './llama-factory.js'
import { lmEngine } from './lm-engine.js'
import { maxtext } from './maxtext.js'
import { megatron } from './megatron.js'
import { megatronJson } from './megatron-json.js'
import { mosaicml } from './mosaicml.js'
import { nanotron } from './nanotron.js'
import { olmix } from './olmix.js'
import { olmoCore } from './olmo-core.js'
import { torchtitan } from './torchtitan.js'
import type { Exporter } from './types.js'

/** Every target by its id. A new one is a file and a line here. */
export const EXPORTERS: ReadonlyMap<string, Exporter> = new Map(
  [
    json,
    csv,
    megatron,
    megatronJson,
    lmEngine,
    olmoCore,
    olmix,
    levanter,
    nanotron,
    mosaicml,
    hfInterleave,
    llamaFactory,
    litdata,
    torchtitan,
    maxtext,
    doremi,
  ].map((exporter) => [exporter.id, exporter]),
)

/** @throws MixwrightError `export-format-not-found` */
export function findExporter(id: string): Exporter {
  const exporter = EXPORTERS.get(id)
  if (exporter) return exporter
  throw new MixwrightError(
    'export-format-not-found',
    `${JSON.stringify(id)} is not an export format; the formats are ${[...EXPORTERS.keys()].join(', ')}.`,
  )
}
