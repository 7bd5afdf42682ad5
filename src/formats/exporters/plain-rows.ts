import { apportion } from '../../optimizers/mixture/index.js'
import type { ExportOptions } from './options.js'
import { refuseField } from './refusals.js'
import type { ExportPlan, PlannedPhase } from './types.js'

/** A line of the plain formats. Domains of weight 0 have one too. */
export interface PlainRow {
  /** Of schedules. */
  startStep?: number
  domain: string
  weight: number
  /** When the tokens of the run are known: whole numbers that sum to them, by largest remainder. */
  tokens?: number
}

export interface PlainRows {
  rows: PlainRow[]
  realised: PlannedPhase[]
}

export function plainRows(plan: ExportPlan, { tokens }: ExportOptions): PlainRows {
  if (tokens !== undefined && plan.isSchedule) {
    refuseField(
      '/options/tokens',
      'It goes with a mixture: how long the last phase lasts is not known.',
    )
  }
  const names = [...plan.domains.keys()]
  const phases = plan.phases.map(({ startStep, shares }) => {
    const byName = new Map(shares.map(({ name, weight }) => [name, weight]))
    const weights = names.map((name) => byName.get(name) ?? 0)
    const counts = tokens === undefined ? undefined : apportion(weights, tokens)
    return { startStep, weights, counts }
  })
  const rows = phases.flatMap(({ startStep, weights, counts }) =>
    names.map((domain, i) => ({
      ...(plan.isSchedule && { startStep }),
      domain,
      weight: weights[i],
      ...(counts && { tokens: counts[i] }),
    })),
  )
  const realised = phases.map(({ startStep, weights, counts }) => ({
    startStep,
    shares: names.map((name, i) => ({
      name,
      weight: counts && tokens !== undefined ? counts[i] / tokens : weights[i],
    })),
  }))
  return { rows, realised }
}
