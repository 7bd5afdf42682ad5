import type { TObject } from 'typebox'
import type { ExportOptions } from './options.js'
import type { ExportDomain, Phase } from './schemas.js'

/** A domain that gets something, and how much: more than 0; the shares of a phase sum to 1. */
export interface Share {
  readonly name: string
  readonly weight: number
}

export interface PlannedPhase {
  /** Optimizer steps made before it begins; 0 for the first. */
  readonly startStep: number
  /** In the order of the domains; domains of weight 0 are left out. At least one. */
  readonly shares: readonly Share[]
}

/** What is to be written, checked. */
export interface ExportPlan {
  /** At least one; of targets that know no phases, exactly one. */
  readonly phases: readonly PlannedPhase[]
  /** Whether phases were asked for, rather than one mixture. */
  readonly isSchedule: boolean
  /** Everything that is known of each domain, in the order of the domains; also of those of weight 0. */
  readonly domains: ReadonlyMap<string, ExportDomain>
}

export const EXPORT_WARNING_CODES = [
  'weights-renormalised',
  'unit-differs',
  'below-resolution',
  'shared-path',
  'tokens-insufficient',
  'start-unchecked',
  'no-validation-data',
  'epoch-size-unset',
] as const

export interface ExportWarning {
  code: (typeof EXPORT_WARNING_CODES)[number]
  message: string
}

/** What an exporter wrote. */
export interface Written {
  /** The whole file; it ends with a line break. */
  text: string
  /** What stands in the text, with the weights that the target makes of it. */
  realised: readonly PlannedPhase[]
  warnings: readonly ExportWarning[]
}

/** Writes mixtures for one target. */
export interface Exporter {
  readonly id: string
  readonly title: string
  readonly mediaType: string
  readonly fileName: string
  /** What the weights count there. */
  readonly unit: string
  /** Said as a warning where shares of that unit are not shares of tokens. */
  readonly unitNote?: string
  /** Whether it takes several mixtures with the steps at which they begin. */
  readonly phases: boolean
  readonly optionsSchema: TObject
  /**
   * @param options checked against the schema
   * @throws MixwrightError `validation-failed` with what the target cannot express; pointers as in an export request
   */
  readonly write: (plan: ExportPlan, options: ExportOptions) => Written
}

export interface ExportResult {
  format: string
  text: string
  mediaType: string
  fileName: string
  unit: string
  /** One entry a phase; a mixture has one, at step 0. */
  realised: Phase[]
  /** Domains that do not appear in the text: of weight 0, or below what the target can resolve. */
  dropped: string[]
  warnings: ExportWarning[]
  /** SHA-256 (hex) of the mixture, or of the list of phases, as it was given, in canonical JSON. */
  checksum: string
}
