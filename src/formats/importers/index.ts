export { DOMAIN_PREFIX, METRIC_PREFIX, nameOfColumn } from './column-names.js'
export { inferNames } from './csv-columns.js'
export {
  ImportBodySchema,
  ImportedRunSchema,
  importOptionProperties,
  readImportOptions,
} from './import-body.js'
export { type ParseTableResult, type ParseTableTask, parseTable } from './parse-table.js'
