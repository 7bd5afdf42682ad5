/** Pairs of CSV files in a form, one of mixtures and one of metrics. The first is the default of a form. */
export const PAIR_FORMATS = ['csv', 'regmix-csv', 'olmix-csv'] as const
export type PairFormat = (typeof PAIR_FORMATS)[number]

/** Files of results in a form, stored as they come and read as streams. */
export const FILE_FORMATS = [
  'jsonl',
  'lm-eval',
  'olmes',
  'mlflow',
  'wandb-csv',
  'hf-trainer',
] as const
export type FileFormat = (typeof FILE_FORMATS)[number]

/** Every format that runs can be imported from. `json` is the body of a request itself. */
export const IMPORT_FORMATS = [...PAIR_FORMATS, 'json', ...FILE_FORMATS] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]

export const isPairFormat = (name: string): name is PairFormat =>
  PAIR_FORMATS.some((format) => format === name)

export const isFileFormat = (name: string): name is FileFormat =>
  FILE_FORMATS.some((format) => format === name)
