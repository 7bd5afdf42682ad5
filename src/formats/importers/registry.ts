import { MixwrightError } from '../../errors.js'
import { didYouMean } from '../nearest-name.js'
import type { FileFormat } from './format-names.js'
import { IMPORT_FORMATS, type ImportFormat } from './format-names.js'
import type { FileImporter } from './found-run.js'
import { hfTrainer } from './hf-trainer.js'
import { jsonLines } from './jsonl.js'
import { lmEval } from './lm-eval.js'
import { mlflow } from './mlflow.js'
import { olmes } from './olmes.js'
import { quoted } from './table-problems.js'
import { wandbCsv } from './wandb-csv.js'

/** How each format of files is read; the others (`format-names.ts`) are read whole. */
export const FILE_IMPORTERS: Record<FileFormat, FileImporter> = {
  jsonl: jsonLines,
  'lm-eval': lmEval,
  olmes,
  mlflow,
  'wandb-csv': wandbCsv,
  'hf-trainer': hfTrainer,
}

/** @throws MixwrightError `validation-failed` with the list of formats */
export function requireFormat(name: string): ImportFormat {
  const found = IMPORT_FORMATS.find((format) => format === name)
  if (found) return found
  const hint = didYouMean(name, IMPORT_FORMATS)
  const detail = `There is no format ${quoted(name)}${hint || '.'} The formats are ${IMPORT_FORMATS.join(', ')}.`
  throw new MixwrightError('validation-failed', detail, [{ pointer: '/format', detail }])
}
