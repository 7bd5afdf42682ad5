import type { StudyEvent } from '../../studies/events.js'

/** A trial at work, as far as it is known. */
export interface RunningTrial {
  /** In the search, from 1; undefined when its beginning was not seen. */
  number: number | undefined
  label: string
  tokens: number
  /** 0 before the first progress. */
  totalTokens: number
  loss: number | undefined
  tokensPerSecond: number | undefined
}

/** Of those at one fidelity: objectives of different ones cannot be compared. */
export interface BestTrial {
  number: number
  fidelity: string
  label: string
  objective: number
}

type Started = Extract<StudyEvent, { type: 'trial-started' }>['data']

/** After these a trial is not at work any more; one that is retried waits. */
const LEAVING: ReadonlySet<StudyEvent['type']> = new Set([
  'trial-completed',
  'trial-retried',
  'trial-failed',
  'trial-cancelled',
])

/** What the events of one search add up to. */
export class TrialBoard {
  /** By trial id, in the order they were begun. */
  readonly running = new Map<string, RunningTrial>()
  /** By fidelity, in the order in which the first trials completed there; '' for trials whose beginning was not seen. */
  readonly best = new Map<string, BestTrial>()
  completed = 0
  failed = 0
  cancelled = 0

  /** Trials that have come to their end, whichever. */
  get ended(): number {
    return this.completed + this.failed + this.cancelled
  }

  /** How a person knows a trial. */
  nameOf(trialId: string): string {
    const { number, label = '' } = this.running.get(trialId) ?? this.#known.get(trialId) ?? {}
    return trialName(number, label)
  }

  /** '' for a trial whose beginning was not seen. */
  fidelityOf(trialId: string): string {
    return this.#known.get(trialId)?.fidelity ?? ''
  }

  /** Trials whose beginning was seen, for what is said about them once they do not run any more. */
  readonly #known = new Map<string, { number: number; fidelity: string; label: string }>()

  apply(event: StudyEvent): void {
    if (event.type === 'trial-started') this.#begin(event.data)
    else if (event.type === 'trial-progress') this.#progress(event.data)
    else if (event.type === 'trial-completed') this.#complete(event.data)
    else if (event.type === 'trial-failed') this.failed += 1
    else if (event.type === 'trial-cancelled') this.cancelled += 1
    if (LEAVING.has(event.type)) this.running.delete((event.data as { trialId: string }).trialId)
  }

  #begin({ trialId, position, fidelity, label }: Started) {
    const number = position + 1
    this.#known.set(trialId, { number, fidelity, label })
    this.running.set(trialId, { ...unknown(), number, label })
  }

  #progress({
    trialId,
    ...progress
  }: { trialId: string } & Omit<RunningTrial, 'number' | 'label'>) {
    const { tokens, totalTokens, loss, tokensPerSecond } = progress
    const trial = this.running.get(trialId) ?? unknown()
    this.running.set(trialId, { ...trial, tokens, totalTokens, loss, tokensPerSecond })
  }

  #complete({
    trialId,
    position,
    objective,
  }: {
    trialId: string
    position: number
    objective: number | null
  }) {
    this.completed += 1
    if (objective === null) return
    const label = this.#known.get(trialId)?.label ?? ''
    const fidelity = this.fidelityOf(trialId)
    const best = this.best.get(fidelity)
    if (best && objective >= best.objective) return
    this.best.set(fidelity, { number: position + 1, fidelity, label, objective })
  }
}

/** `trial 3`, or `trial 1 (uniform)`. */
export function trialName(number: number | undefined, label: string): string {
  const name = number === undefined ? 'a trial' : `trial ${number}`
  return label === '' ? name : `${name} (${label})`
}

function unknown(): RunningTrial {
  return {
    number: undefined,
    label: '',
    tokens: 0,
    totalTokens: 0,
    loss: undefined,
    tokensPerSecond: undefined,
  }
}
