import { type FieldError, MixwrightError } from '../errors.js'
import { firstFew } from '../formats/first-few.js'
import { didYouMean } from '../formats/nearest-name.js'
import { pointerToken } from '../optimizers/issue.js'
import type { Reported } from '../store/external-trial-contract.js'
import type { MeasurementRecord } from '../store/records.js'
import type { StudyFacts } from './study-facts.js'

/** Metrics as a client sends them. */
export interface NewMeasurement {
  /** Trained on so far. */
  tokens: number
  /** Metric name → value, finite. */
  values: Record<string, number>
  /** Metric name → standard error of the value, ≥ 0. */
  standardErrors?: Record<string, number>
  /** Whatever else is known, for people. At most 64 KiB of JSON. */
  details?: Record<string, unknown>
}

/** They are for people, and come with every view of the trial. */
const LARGEST_DETAILS_BYTES = 64 * 1024

/** More are cut off: nobody reads them. */
const MOST_ERRORS = 50

/**
 * A measurement with everything written out.
 * @param base JSON Pointer to the measurement in the request
 * @throws MixwrightError `validation-failed` for metrics that the study does not have, or that are not numbers
 */
export function completeMeasurement(
  { metricNames, objective: objectiveFor }: StudyFacts,
  measurement: NewMeasurement,
  base = '',
): Reported {
  const { tokens, values, standardErrors = {}, details = {} } = measurement
  const known = new Set(metricNames)
  const errors: FieldError[] = []
  const check = (map: Record<string, number>, field: string, extra: (name: string) => string) => {
    for (const [name, value] of Object.entries(map)) {
      const pointer = `${base}/${field}/${pointerToken(name)}`
      const detail = known.has(name) ? extra(name) : unknownMetric(name, metricNames)
      if (detail) errors.push({ pointer, detail })
      else if (!Number.isFinite(value)) {
        errors.push({ pointer, detail: `It has to be a finite number, not ${value}.` })
      }
    }
  }
  check(values, 'values', () => '')
  check(standardErrors, 'standardErrors', (name) =>
    Object.hasOwn(values, name) ? '' : 'There is no value that it is the standard error of.',
  )
  const bytes = Buffer.byteLength(JSON.stringify(details))
  if (bytes > LARGEST_DETAILS_BYTES) {
    const detail = `It has ${bytes} bytes of JSON; at most ${LARGEST_DETAILS_BYTES} are kept.`
    errors.push({ pointer: `${base}/details`, detail })
  }
  if (errors.length > 0) {
    const detail = 'The measurement cannot be taken; nothing was stored.'
    throw new MixwrightError('validation-failed', detail, errors.slice(0, MOST_ERRORS))
  }
  const objective = objectiveFor(values)
  return {
    tokens,
    values,
    standardErrors,
    details,
    objective: Number.isFinite(objective) ? objective : null,
  }
}

function unknownMetric(name: string, known: readonly string[]): string {
  const nearest = didYouMean(name, known)
  return `The study has no metric "${name}"${nearest || `; its metrics are ${listed(known)}.`}`
}

function listed(names: readonly string[]): string {
  return firstFew(names.map((name) => `"${name}"`))
}

/**
 * A completed trial is learned from, so it has all metrics of the objective.
 * @param pointer JSON Pointer to the values in the request; to their place when the request has none
 * @throws MixwrightError `validation-failed`
 */
export function refuseIncomplete(
  { neededMetrics }: StudyFacts,
  { values, tokens }: Pick<MeasurementRecord, 'values' | 'tokens'>,
  pointer: string,
): void {
  const missing = neededMetrics.filter((name) => !Object.hasOwn(values, name))
  if (missing.length === 0) return
  const detail =
    `The measurement at ${tokens} tokens lacks ${listed(missing)} of the objective. ` +
    'Send all of its metrics, or end the trial with the outcome `without-metrics`.'
  throw new MixwrightError(
    'validation-failed',
    'The trial cannot be completed with these metrics.',
    [{ pointer, detail }],
  )
}
