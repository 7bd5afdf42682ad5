import type { TSchema } from 'typebox'
import { ImportedRunSchema } from '../../formats/importers/index.js'
import {
  DomainSchema,
  FidelitySchema,
  GroupSchema,
  MetricSchema,
  MixtureSchema,
  ObjectiveSchema,
  ProblemSchema,
} from '../../optimizers/problem.js'
import {
  ActiveConstraintSchema,
  BaselineEvidenceSchema,
  HoldoutEvidenceSchema,
  MetricPredictionSchema,
  RecommendationSchema,
  SurrogateEvidenceSchema,
  WarningSchema,
} from '../../optimizers/recommendation.js'
import { FitRequestSchema, FitSchema } from './fits.js'
import { ImportPreviewSchema, ImportSchema } from './imports.js'
import { JobSchema } from './jobs.js'
import { MethodSchema } from './methods.js'
import {
  ErrorCodeSchema,
  ErrorEntrySchema,
  FieldErrorSchema,
  ProblemDocumentSchema,
} from './problems.js'
import { InlineStudySchema, MixturesSchema, PredictionsSchema } from './recommendations.js'
import { NewStudySchema, StudySchema } from './studies.js'

/** The schemas that have a name in the OpenAPI document, and so in the clients generated from it. */
export const COMPONENTS: Record<string, TSchema> = {
  ActiveConstraint: ActiveConstraintSchema,
  BaselineEvidence: BaselineEvidenceSchema,
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
  InlineStudy: InlineStudySchema,
  Job: JobSchema,
  Method: MethodSchema,
  Metric: MetricSchema,
  MetricPrediction: MetricPredictionSchema,
  Mixture: MixtureSchema,
  Mixtures: MixturesSchema,
  NewStudy: NewStudySchema,
  Objective: ObjectiveSchema,
  Predictions: PredictionsSchema,
  Problem: ProblemSchema,
  ProblemDocument: ProblemDocumentSchema,
  Recommendation: RecommendationSchema,
  Study: StudySchema,
  SurrogateEvidence: SurrogateEvidenceSchema,
  Warning: WarningSchema,
}
