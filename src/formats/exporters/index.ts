/** Mixtures as trainers take them: one file a target. */

export { exportMixture } from './export-mixture.js'
export { type OptionName, scalarOptions } from './options.js'
export { EXPORTERS, findExporter } from './registry.js'
export {
  type ExportDomain,
  ExportDomainSchema,
  type ExportInput,
  type Phase,
  PhaseSchema,
} from './schemas.js'
export {
  EXPORT_WARNING_CODES,
  type Exporter,
  type ExportResult,
  type ExportWarning,
} from './types.js'
