import { MixwrightError } from '../errors.js'
import {
  EXPORTERS,
  type ExportDomain,
  type Exporter,
  type ExportInput,
  type ExportResult,
  exportMixture,
  findExporter,
} from '../formats/exporters/index.js'
import { DEFAULT_MAX_EPOCHS } from '../optimizers/mixture/index.js'
import type { Domain, Mixture, Problem } from '../optimizers/problem.js'
import type { Store } from '../store/store.js'
import type { RecommendationService } from './recommendations.js'
import { requireStudy } from './studies.js'

export interface ExportFormat {
  id: string
  title: string
  mediaType: string
  fileName: string
  unit: string
  /** Whether it takes phases. */
  phases: boolean
  /** JSON Schema of `options`. */
  optionsSchema: Record<string, unknown>
}

export interface ExportService {
  formats(): ExportFormat[]
  /** @throws MixwrightError `export-format-not-found`, `validation-failed` */
  ofMixture(format: string, input: ExportInput): ExportResult
  /**
   * The weights that the study recommends.
   * @param options what the format takes; `tokens` default to the study's `targetTokens`
   * @throws MixwrightError `study-not-found`, `no-recommendation`, `export-format-not-found`, `validation-failed`
   */
  ofStudy(studyId: string, format: string, options: Record<string, unknown>): Promise<ExportResult>
}

export function createExportService(
  store: Store,
  recommendations: Pick<RecommendationService, 'latest'>,
): ExportService {
  return {
    formats: exportFormats,
    ofMixture: exportMixture,
    async ofStudy(studyId, format, options) {
      findExporter(format)
      const { problem } = await requireStudy(store, studyId)
      const { recommendation } = await recommendations.latest(studyId)
      return withQueryPointers(() =>
        exportMixture(format, studyExport(problem, recommendation.weights, format, options)),
      )
    },
  }
}

export function exportFormats(): ExportFormat[] {
  return [...EXPORTERS.values()].map(describe)
}

function describe(exporter: Exporter): ExportFormat {
  const { id, title, mediaType, fileName, unit, phases, optionsSchema } = exporter
  const schema = JSON.parse(JSON.stringify(optionsSchema))
  return { id, title, mediaType, fileName, unit, phases, optionsSchema: schema }
}

/**
 * What to export of a study: its weights with all that it knows of its domains.
 * @throws MixwrightError `export-format-not-found`
 */
export function studyExport(
  problem: Problem,
  mixture: Mixture,
  format: string,
  options: Record<string, unknown>,
): ExportInput {
  return {
    mixture,
    domains: problem.domains.map(exportDomain),
    options: { ...knownTokens(problem, findExporter(format), options), ...options },
  }
}

/** No cap applies to domains of fixed weight. */
function exportDomain({ name, tokens, maxEpochs, fixedWeight }: Domain): ExportDomain {
  return {
    name,
    ...(tokens !== undefined && { tokens }),
    ...(fixedWeight === undefined && { maxEpochs: maxEpochs ?? DEFAULT_MAX_EPOCHS }),
  }
}

/** The length of the study's run, for formats that take it, and by itself where they count in samples. */
function knownTokens(
  { targetTokens }: Problem,
  { optionsSchema }: Exporter,
  options: Record<string, unknown>,
): { tokens?: number } {
  const takes = (option: string) => option in optionsSchema.properties
  if (targetTokens === undefined || !takes('tokens')) return {}
  if (takes('sequenceLength') && options.sequenceLength === undefined) return {}
  const tokens = Math.round(targetTokens)
  return tokens >= 1 && Number.isSafeInteger(tokens) ? { tokens } : {}
}

/** Options come in the query of the address, not below a field of a body. */
function withQueryPointers<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof MixwrightError)) throw error
    const errors = error.errors.map(({ pointer, detail }) => ({
      pointer: pointer.replace(/^\/options(?=\/)/, ''),
      detail,
    }))
    throw new MixwrightError(error.code, error.message, errors)
  }
}
