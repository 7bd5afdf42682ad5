import { blendWords, megatronObjection } from './megatron-blend.js'
import { optionsOf } from './options.js'
import { readPaths } from './paths.js'
import { quantiseSamples } from './quantise.js'
import { refuseField } from './refusals.js'
import type { Exporter, ExportWarning } from './types.js'

/** Source: `--per-split-data-args-path` in megatron/training/arguments.py as of August 2026: all three keys are read. */
export const megatronJson: Exporter = {
  id: 'megatron-json',
  title: 'Megatron-LM, NeMo, Megatron-Bridge: blend for each split (--per-split-data-args-path)',
  mediaType: 'application/json',
  fileName: 'megatron-blend.json',
  unit: 'samples of the sequence length',
  phases: false,
  optionsSchema: optionsOf('paths', 'validPaths', 'testPaths', 'tokens', 'sequenceLength'),
  write(plan, options) {
    const [{ shares }] = plan.phases
    const { validPaths, testPaths } = options
    const quantised = quantiseSamples(shares, options)
    const paths = readPaths(plan, options, { objection: megatronObjection })
    const blend = {
      train: blendWords(quantised.shares, paths.of),
      valid: evenBlend(validPaths, '/options/validPaths'),
      test: evenBlend(testPaths, '/options/testPaths'),
    }
    return {
      text: `${JSON.stringify(blend, null, 2)}\n`,
      realised: [{ startStep: 0, shares: quantised.realised }],
      warnings: [...quantised.warnings, ...paths.warnings, ...missingSplits(blend)],
    }
  },
}

function evenBlend(paths: readonly string[] | undefined, pointer: string): string[] | null {
  if (paths === undefined) return null
  paths.forEach((path, i) => {
    const reason = megatronObjection(path)
    if (reason !== undefined) refuseField(`${pointer}/${i}`, `The path cannot be used: ${reason}.`)
  })
  return paths.flatMap((path) => ['1.0', path])
}

function missingSplits(blend: { valid: unknown; test: unknown }): ExportWarning[] {
  const missing = (['valid', 'test'] as const).filter((split) => blend[split] === null)
  if (missing.length === 0) return []
  const options = missing.map((split) => `\`${split}Paths\``).join(' and ')
  const message = `Without ${options} there are no data for ${missing.join(' and ')}: the entries are null.`
  return [{ code: 'no-validation-data', message }]
}
