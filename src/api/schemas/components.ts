import type { TSchema } from 'typebox'
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
import { CorpusDetailSchema, CorpusSchema, NewCorpusSchema } from './corpora.js'
import { StudyEventSchema, StudyEventSchemas } from './events.js'
import { FitRequestSchema, FitSchema } from './fits.js'
import { ImportPreviewSchema, ImportSchema } from './imports.js'
import { CorpusManifestSchema, IngestionSchema } from './ingestions.js'
import { JobSchema } from './jobs.js'
import { MethodSchema } from './methods.js'
import {
  ErrorCodeSchema,
  ErrorEntrySchema,
  FieldErrorSchema,
  ProblemDocumentSchema,
} from './problems.js'
import { InlineStudySchema, MixturesSchema, PredictionsSchema } from './recommendations.js'
import { NewComparisonSchema, NewSearchSchema, SearchSchema } from './searches.js'
import { NewPathSourceSchema, SourceSchema } from './sources.js'
import { NewStudySchema, StudySchema } from './studies.js'
import { MeasurementSchema, TrialDetailSchema, TrialSchema } from './trials.js'

/** The schemas that have a name in the OpenAPI document, and so in the clients generated from it. */
export const COMPONENTS: Record<string, TSchema> = {
  ActiveConstraint: ActiveConstraintSchema,
  BaselineEvidence: BaselineEvidenceSchema,
  Corpus: CorpusSchema,
  CorpusDetail: CorpusDetailSchema,
  CorpusManifest: CorpusManifestSchema,
  Domain: DomainSchema,
  ErrorCode: ErrorCodeSchema,
  ErrorEntry: ErrorEntrySchema,
  Fidelity: FidelitySchema,
  FieldError: FieldErrorSchema,
  Fit: FitSchema,
  FitRequest: FitRequestSchema,
  Group: GroupSchema,
  HoldoutEvidence: HoldoutEvidenceSchema,
  Import: ImportSchema,
  ImportedRun: ImportedRunSchema,
  ImportPreview: ImportPreviewSchema,
  Ingestion: IngestionSchema,
  InlineStudy: InlineStudySchema,
  Job: JobSchema,
  Measurement: MeasurementSchema,
  Method: MethodSchema,
  Metric: MetricSchema,
  MetricPrediction: MetricPredictionSchema,
  Mixture: MixtureSchema,
  Mixtures: MixturesSchema,
  ModelShape: ModelShapeSchema,
  NewComparison: NewComparisonSchema,
  NewCorpus: NewCorpusSchema,
  NewPathSource: NewPathSourceSchema,
  NewSearch: NewSearchSchema,
  NewStudy: NewStudySchema,
  Objective: ObjectiveSchema,
  Predictions: PredictionsSchema,
  Problem: ProblemSchema,
  ProblemDocument: ProblemDocumentSchema,
  ProblemRequest: ProblemRequestSchema,
  Proxy: ProxySchema,
  Recommendation: RecommendationSchema,
  Search: SearchSchema,
  Source: SourceSchema,
  Study: StudySchema,
  StudyEvent: StudyEventSchema,
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
