import type { RunRow } from '../run-row.js'
import type { CandidateRun } from './candidate-run.js'
import type { ImportOptions, ParsedTable } from './table.js'

const PREVIEW_ROWS = 5

/** A run as it is stored. */
export function toRunRow({ runId, weights, values, standardErrors, tokens }: CandidateRun): RunRow {
  return {
    runId,
    weights,
    values,
    ...(standardErrors && { standardErrors }),
    ...(tokens !== undefined && { tokens }),
  }
}

/** Adds a run to the preview as long as there is room. */
export function addPreview(
  preview: ParsedTable['preview'],
  { runId, weights, values, standardErrors }: CandidateRun,
  domains: readonly string[],
): void {
  if (preview.length === PREVIEW_ROWS) return
  preview.push({
    id: runId,
    weights: Object.fromEntries(domains.map((name, k) => [name, weights[k]])),
    metrics: values,
    ...(standardErrors && { standardErrors }),
  })
}

/** Options as fields of a request, for the check that both forms of a request share. */
export function optionFields(options: Partial<ImportOptions> = {}): object {
  const { holdout = '', reading: _, ...rest } = options
  const fields = { ...rest, ...(holdout !== '' && { name: holdout }) }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
