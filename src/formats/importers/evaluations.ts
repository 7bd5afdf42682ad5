import type { FieldError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'
import { MAX_LISTED_PROBLEMS, quoted } from './table-problems.js'

/** How a task was evaluated: `version`, `nShot`, `hash` and the like. What a file does not say is left out. */
export type Evaluation = Record<string, string | number | boolean>

/** Task → how it was evaluated. Numbers of tasks evaluated in different ways must not be compared. */
export type Evaluations = Record<string, Evaluation>

/** Gathers what the files of one import say, and where they contradict each other. */
export class EvaluationLog {
  readonly conflicts: FieldError[] = []
  readonly #tasks = new Map<string, Map<string, { value: Evaluation[string]; place: string }>>()

  /** @param place the file, for people */
  add(task: string, evaluation: Evaluation, place: string): void {
    const known = this.#tasks.get(task) ?? new Map()
    this.#tasks.set(task, known)
    for (const [property, value] of Object.entries(evaluation)) {
      const earlier = known.get(property)
      if (!earlier) known.set(property, { value, place })
      else if (earlier.value !== value && this.conflicts.length < MAX_LISTED_PROBLEMS)
        this.conflicts.push(conflict(task, property, earlier, { value, place }))
    }
  }

  /** Undefined when no file says anything. */
  all(): Evaluations | undefined {
    if (this.#tasks.size === 0) return undefined
    const plain = [...this.#tasks].map(([task, properties]) => [
      task,
      Object.fromEntries([...properties].map(([property, { value }]) => [property, value])),
    ])
    return Object.fromEntries(plain)
  }
}

/** Where two imports contradict each other, in words; only what both of them say is compared. At most 100. */
export function evaluationConflicts(
  earlier: { evaluations: Evaluations; place: string },
  later: { evaluations: Evaluations; place: string },
): FieldError[] {
  const conflicts: FieldError[] = []
  for (const [task, evaluation] of Object.entries(later.evaluations)) {
    if (!Object.hasOwn(earlier.evaluations, task)) continue
    const known = earlier.evaluations[task]
    for (const [property, value] of Object.entries(evaluation)) {
      if (!Object.hasOwn(known, property) || known[property] === value) continue
      const before = { value: known[property], place: earlier.place }
      conflicts.push(conflict(task, property, before, { value, place: later.place }))
    }
  }
  return conflicts.slice(0, MAX_LISTED_PROBLEMS)
}

type Said = { value: Evaluation[string]; place: string }

function conflict(task: string, property: string, before: Said, after: Said): FieldError {
  const says = ({ value, place }: Said) => `${property} ${JSON.stringify(value)} in ${place}`
  return {
    pointer: `/evaluations/${pointerToken(task)}/${pointerToken(property)}`,
    detail: `the task ${quoted(task)} was evaluated with ${says(before)} and with ${says(after)}`,
  }
}
