import type { TrialState } from '../../../src/store/records.js'
import type { TrialAction } from '../../../src/store/trial-states.js'

/**
 * What becomes of a trial in each state (rows) by each action (columns), written down by hand from the rules. Initials stand
 * for the next state; a dot for what is illegal.
 */
const TABLE = `
                            offer  renew  measure  complete  complete-without-metrics  stop  fail  expire  abandon  cancel
waiting                     R      .      .        .         .                         .     .     .       A        X
running                     .      R      R        C         W                         S     F     E       A        X
failed                      R      .      .        C         .                         .     .     .       A        X
expired                     R      R      R        C         W                         S     F     .       A        X
completed-without-metrics   .      .      .        C         .                         .     .     .       A        .
completed                   .      .      .        .         .                         .     .     .       .        .
stopped                     .      .      .        .         .                         .     .     .       .        .
abandoned                   .      .      .        .         .                         .     .     .       .        .
cancelled                   .      .      .        .         .                         .     .     .       .        .
`

const INITIALS: Record<string, TrialState | undefined> = {
  '.': undefined,
  R: 'running',
  C: 'completed',
  W: 'completed-without-metrics',
  S: 'stopped',
  F: 'failed',
  E: 'expired',
  A: 'abandoned',
  X: 'cancelled',
}

const [header, ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/))

export const ACTIONS = header as TrialAction[]
export const STATES = rows.map(([state]) => state as TrialState)

export const EXPECTED = Object.fromEntries(
  rows.map(([state, ...cells]) => [
    state,
    Object.fromEntries(ACTIONS.map((action, index) => [action, INITIALS[cells[index]]])),
  ]),
) as Record<TrialState, Record<TrialAction, TrialState | undefined>>
