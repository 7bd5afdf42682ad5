import type { TrialState } from './records.js'

/** What may happen to a trial that others run. */
export type TrialAction =
  | 'offer'
  | 'renew'
  | 'measure'
  | 'complete'
  | 'complete-without-metrics'
  | 'stop'
  | 'fail'
  | 'expire'
  | 'abandon'
  | 'cancel'

/**
 * The state machine of trials that others run: state → action → next state. What is not listed is illegal and changes
 * nothing. A trial that ended with metrics is never changed again: what comes later becomes a replicate of its own.
 *
 * `offer` needs an attempt left, and every action of a client needs its lease; `renew` and `measure` of an expired trial that
 * nobody else has been given bring its lease back.
 */
export const TRANSITIONS: Readonly<
  Record<TrialState, Readonly<Partial<Record<TrialAction, TrialState>>>>
> = {
  waiting: { offer: 'running', abandon: 'abandoned', cancel: 'cancelled' },
  running: {
    renew: 'running',
    measure: 'running',
    complete: 'completed',
    'complete-without-metrics': 'completed-without-metrics',
    stop: 'stopped',
    fail: 'failed',
    expire: 'expired',
    abandon: 'abandoned',
    cancel: 'cancelled',
  },
  failed: {
    offer: 'running',
    complete: 'completed',
    abandon: 'abandoned',
    cancel: 'cancelled',
  },
  expired: {
    offer: 'running',
    renew: 'running',
    measure: 'running',
    complete: 'completed',
    'complete-without-metrics': 'completed-without-metrics',
    stop: 'stopped',
    fail: 'failed',
    abandon: 'abandoned',
    cancel: 'cancelled',
  },
  'completed-without-metrics': { complete: 'completed', abandon: 'abandoned' },
  completed: {},
  stopped: {},
  abandoned: {},
  cancelled: {},
}

/** The state after the action; undefined when it is illegal. */
export function nextState(state: TrialState, action: TrialAction): TrialState | undefined {
  return TRANSITIONS[state][action]
}

/** State → next state, of the states that allow the action. */
export function transitionsBy(action: TrialAction): Partial<Record<TrialState, TrialState>> {
  const states = Object.keys(TRANSITIONS) as TrialState[]
  const moves = states.map((state) => [state, nextState(state, action)] as const)
  return Object.fromEntries(moves.filter(([, next]) => next !== undefined))
}

/** Whether a trial in the state can be handed out, attempts permitting. */
export function isOfferable(state: TrialState): boolean {
  return nextState(state, 'offer') !== undefined
}
