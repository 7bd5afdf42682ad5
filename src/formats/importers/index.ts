export { DOMAIN_PREFIX, METRIC_PREFIX, nameOfColumn } from './column-names.js'
export { inferNames } from './csv-columns.js'
export { type Evaluations, evaluationConflicts } from './evaluations.js'
export {
  FILE_FORMATS,
  type FileFormat,
  IMPORT_FORMATS,
  type ImportFormat,
  isFileFormat,
  isPairFormat,
  PAIR_FORMATS,
  type PairFormat,
} from './format-names.js'
export {
  ImportBodySchema,
  ImportedRunSchema,
  importOptionProperties,
  readImportOptions,
} from './import-body.js'
export { type ParseTableResult, type ParseTableTask, parseTable } from './parse-table.js'
export {
  CHUNK_ROWS,
  headOfFiles,
  type OpenFile,
  type ReadFilesTask,
  readFiles,
} from './read-files.js'
export { type ReadingOptions, ReadingOptionsSchema } from './reading-options.js'
export { FILE_IMPORTERS, requireFormat } from './registry.js'
