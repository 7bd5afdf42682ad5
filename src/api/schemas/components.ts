import type { TSchema } from 'typebox'
import { ExportDomainSchema, PhaseSchema } from '../../formats/exporters/index.js'
import { ImportedRunSchema } from '../../formats/importers/index.js'
import {
  DomainSchema,
  FidelitySchema,
  GroupSchema,
  MetricSchema,
  MixtureSchema,
  ObjectiveSchema,
  ProblemRequestSchema,
  ProblemSchema,
} from '../../optimizers/problem.js'
import { ModelShapeSchema, ProxySchema } from '../../optimizers/proxy.js'
import {
  ActiveConstraintSchema,
  BaselineEvidenceSchema,
  HoldoutEvidenceSchema,
  MetricPredictionSchema,
  RecommendationSchema,
  SurrogateEvidenceSchema,
  WarningSchema,
} from '../../optimizers/recommendation.js'
import { BacktestReportSchema } from './backtest-reports.js'
import { BacktestSchema, ListedBacktestSchema, NewBacktestSchema } from './backtests.js'
import { CorpusDetailSchema, CorpusSchema, NewCorpusSchema } from './corpora.js'
import { StudyEventSchema, StudyEventSchemas } from './events.js'
import { ExportFormatSchema, ExportSchema, NewExportSchema } from './exports.js'
import {
  AttachedTrialSchema,
  CompletionSchema,
  DirectiveSchema,
  MetricValuesSchema,
  NewTrialSchema,
} from './external-trials.js'
import { FitRequestSchema, FitSchema } from './fits.js'
import { ImportPreviewSchema, ImportSchema } from './imports.js'
import { CorpusManifestSchema, IngestionSchema } from './ingestions.js'
import { JobSchema } from './jobs.js'
import { KeySchema, MadeKeySchema, NewKeySchema, RotationSchema, ScopeSchema } from './keys.js'
import { MethodSchema } from './methods.js'
import {
  ErrorCodeSchema,
  ErrorEntrySchema,
  FieldErrorSchema,
  ProblemDocumentSchema,
} from './problems.js'
import {
  InlineRunSchema,
  InlineStudySchema,
  MixturesSchema,
  PredictionsSchema,
} from './recommendations.js'
import { NewComparisonSchema, NewSearchSchema, SearchSchema } from './searches.js'
import { NewPathSourceSchema, SourceSchema } from './sources.js'
import { NewStudySchema, StudySchema } from './studies.js'
import { HeldLeaseSchema, SuggestedTrialSchema, SuggestionsSchema } from './suggestions.js'
import { MeasurementSchema, TrialDetailSchema, TrialSchema } from './trials.js'

/** The schemas that have a name in the OpenAPI document, and so in the clients generated from it. */
export const COMPONENTS: Record<string, TSchema> = {
  ActiveConstraint: ActiveConstraintSchema,
  ApiKey: KeySchema,
  AttachedTrial: AttachedTrialSchema,
  Backtest: BacktestSchema,
  BacktestReport: BacktestReportSchema,
  BaselineEvidence: BaselineEvidenceSchema,
  Completion: CompletionSchema,
  Corpus: CorpusSchema,
  CorpusDetail: CorpusDetailSchema,
  CorpusManifest: CorpusManifestSchema,
  Directive: DirectiveSchema,
  Domain: DomainSchema,
  ErrorCode: ErrorCodeSchema,
  ErrorEntry: ErrorEntrySchema,
  Export: ExportSchema,
  ExportDomain: ExportDomainSchema,
  ExportFormat: ExportFormatSchema,
  Fidelity: FidelitySchema,
  FieldError: FieldErrorSchema,
  Fit: FitSchema,
  FitRequest: FitRequestSchema,
  Group: GroupSchema,
  HeldLease: HeldLeaseSchema,
  HoldoutEvidence: HoldoutEvidenceSchema,
  Import: ImportSchema,
  ImportedRun: ImportedRunSchema,
  ImportPreview: ImportPreviewSchema,
  Ingestion: IngestionSchema,
  InlineRun: InlineRunSchema,
  InlineStudy: InlineStudySchema,
  Job: JobSchema,
  KeyRotation: RotationSchema,
  ListedBacktest: ListedBacktestSchema,
  MadeApiKey: MadeKeySchema,
  Measurement: MeasurementSchema,
  Method: MethodSchema,
  Metric: MetricSchema,
  MetricPrediction: MetricPredictionSchema,
  MetricValues: MetricValuesSchema,
  Mixture: MixtureSchema,
  Mixtures: MixturesSchema,
  ModelShape: ModelShapeSchema,
  NewApiKey: NewKeySchema,
  NewBacktest: NewBacktestSchema,
  NewComparison: NewComparisonSchema,
  NewCorpus: NewCorpusSchema,
  NewExport: NewExportSchema,
  NewPathSource: NewPathSourceSchema,
  NewSearch: NewSearchSchema,
  NewStudy: NewStudySchema,
  NewTrial: NewTrialSchema,
  Objective: ObjectiveSchema,
  Phase: PhaseSchema,
  Predictions: PredictionsSchema,
  Problem: ProblemSchema,
  ProblemDocument: ProblemDocumentSchema,
  ProblemRequest: ProblemRequestSchema,
  Proxy: ProxySchema,
  Recommendation: RecommendationSchema,
  Scope: ScopeSchema,
  Search: SearchSchema,
  Source: SourceSchema,
  Study: StudySchema,
  StudyEvent: StudyEventSchema,
  SuggestedTrial: SuggestedTrialSchema,
  Suggestions: SuggestionsSchema,
  SurrogateEvidence: SurrogateEvidenceSchema,
  Trial: TrialSchema,
  TrialDetail: TrialDetailSchema,
  Warning: WarningSchema,
  ...Object.fromEntries(
    Object.entries(StudyEventSchemas).map(([name, schema]) => [`${pascalCase(name)}Event`, schema]),
  ),
}

/** `trial-started` → `TrialStarted`. */
function pascalCase(name: string): string {
  return name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
