/** A run as a format's reader gives it: all its numbers are finite, its weights are not negative. */
export interface CandidateRun {
  runId: string
  /** In the order of the problem's domains, as they were given. */
  weights: number[]
  values: Record<string, number>
  standardErrors?: Record<string, number>
  tokens?: number
  /** JSON Pointer of the run's weights, for problems of the whole row. */
  pointer: string
}

/** Largest magnitude of a metric value. Fits square and multiply values; their fourth powers are still finite. */
export const LARGEST_VALUE = 1e50

const LONGEST_RUN_ID = 200
/** Control characters, and halves of surrogate pairs: no database takes them as text. */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u

/** What is wrong with a run id, or undefined. */
export function runIdProblem(id: string): string | undefined {
  if (id === '') return 'the run id is empty'
  if (id.length > LONGEST_RUN_ID) return `the run id is longer than ${LONGEST_RUN_ID} characters`
  if (UNSTORABLE.test(id)) {
    return 'the run id holds control characters or broken Unicode'
  }
  return undefined
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const NOT_A_NUMBER = /^[+-]?(?:nan|inf|infinity|na|n\/a|null|none)$/i

/** Reads a cell as a finite decimal number, or says what is wrong with it. */
export function readNumber(cell: string): number | { problem: string } {
  const text = cell.trim()
  if (DECIMAL.test(text)) {
    const value = Number(text)
    // Adding zero turns −0 into 0, so that equal mixtures compare equal.
    if (Number.isFinite(value)) return value + 0
    return { problem: 'is too large' }
  }
  if (text === '') return { problem: 'is empty' }
  if (NOT_A_NUMBER.test(text)) return { problem: 'is not a finite number' }
  return { problem: 'is not a number' }
}

/** Reads a cell as a metric value: a finite number that fits can calculate with. */
export function readMetricValue(cell: string): number | { problem: string } {
  const value = readNumber(cell)
  return typeof value === 'number' ? checkMetricValue(value) : value
}

/** The same for what is a number already. */
export function checkMetricValue(value: number): number | { problem: string } {
  const finite = checkNumber(value)
  if (typeof finite !== 'number' || Math.abs(finite) <= LARGEST_VALUE) return finite
  return { problem: `is too large; metric values go from -${LARGEST_VALUE} to ${LARGEST_VALUE}` }
}

/** Beyond the doubles, the reader of JSON makes infinities. */
export function checkNumber(value: number): number | { problem: string } {
  // Adding zero turns −0 into 0, so that equal mixtures compare equal.
  return Number.isFinite(value) ? value + 0 : { problem: 'is not a finite number' }
}
