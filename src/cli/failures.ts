import { ERRORS, type ErrorCode, MixwrightError, problemDocument } from '../errors.js'
import type { PlacedError } from './option-places.js'

/** What the exit code of every command means. */
export const EXIT = {
  ok: 0,
  /** Something failed on our side, or the folder or port is taken. */
  failure: 1,
  /** The command line cannot be understood, or names something that does not exist. */
  usage: 2,
  /** The input data are wrong. */
  input: 3,
  /** The data are right, but no answer can be given: no feasible mixture, too few runs, or what is there is not ready for it. */
  noAnswer: 4,
  interrupted: 130,
} as const

/** A command line that cannot be followed. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly fix: string

  constructor(message: string, fix = 'Run the command with --help to see what it takes.') {
    super(message)
    this.fix = fix
  }
}

/** The operating system refused something, in words that need no stack. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'
  readonly fix: string

  constructor(message: string, fix: string) {
    super(message)
    this.fix = fix
  }
}

/** What was asked for came to no result, and nothing is wrong with it. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly fix: string

  constructor(message: string, fix: string) {
    super(message)
    this.fix = fix
  }
}

/** The user stopped the command. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'

  constructor() {
    super('interrupted')
  }
}

/** Fixes for people without a server; the catalogue's own speak of HTTP. */
const FIXES: Partial<Record<ErrorCode, string>> = {
  'validation-failed': 'Correct what is named above.',
  'malformed-request': 'Give files as text in UTF-8: CSV for tables, JSON for the rest.',
  'rows-invalid': 'Correct the rows named above; nothing was computed.',
  'import-format-mismatch': 'Name the format that the file has with --format.',
  'evaluations-incompatible':
    'Evaluate the runs alike, or import those that were evaluated otherwise with a --fidelity of their own.',
  'infeasible-space': 'Relax one of the constraints named above.',
  'too-few-runs': 'Give more runs: fitting m domains takes at least m + 1 distinct mixtures.',
  'too-many-rows': 'Split the table.',
  'study-not-found': 'Check the id; `mixwright study list` shows the studies.',
  'trial-not-found': 'Check the id; `mixwright trials <study> --json` shows the trials.',
  'trial-under-way': 'Wait for it to end, or cancel it: mixwright study cancel <study>.',
  'trial-already-ended': 'Stop training it, and ask for the next: mixwright ask <study>.',
  'not-your-lease': 'Give --client and --lease as `mixwright ask` printed them.',
  'job-not-found': 'Check the id; `mixwright jobs list` shows the jobs.',
  'job-needed':
    'If it is under way, cancel it: mixwright jobs cancel <job>. Otherwise leave it as long as what is named above is there.',
  'corpus-not-found': 'Check the id; `mixwright corpus list` shows the corpora.',
  'corpus-not-ready': 'Ingest it: mixwright corpus ingest <corpus>.',
  'corpus-empty': 'Add files to every domain: mixwright corpus add <corpus> <domain> <file>.',
  'corpus-in-use': 'Delete these studies first: mixwright study delete <study>.',
  'search-running':
    'Watch it: mixwright search <study> --attach; or cancel it: mixwright study cancel <study>.',
  'export-format-not-found': '`mixwright export --list` shows the formats.',
  'key-missing': 'Give a key of the service in MIXWRIGHT_API_KEY.',
  'key-invalid': 'Give another key in MIXWRIGHT_API_KEY; `mixwright keys create` makes one.',
  'scope-missing': 'Give a key that has it in MIXWRIGHT_API_KEY.',
  'key-not-found': 'Check the id; `mixwright keys list` shows the keys.',
  'key-ended': 'Make a new one: mixwright keys create --name <name>.',
  'fit-failed': 'If the data look right, report it with the command line.',
  'backtest-failed': 'If the data look right, report it with the command line.',
  internal: 'If it stays, report it with the command line.',
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return EXIT.interrupted
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof NoAnswerError) return EXIT.noAnswer
  if (!(error instanceof MixwrightError)) return EXIT.failure
  if (error.code === 'infeasible-space' || error.code === 'too-few-runs') return EXIT.noAnswer
  if (error.status === 429) return EXIT.failure
  if ([401, 403, 404].includes(error.status)) return EXIT.usage
  if (error.status === 409) return EXIT.noAnswer
  return error.status >= 500 ? EXIT.failure : EXIT.input
}

interface Failure {
  code: string
  title: string
  detail: string
  fix: string
  errors?: readonly PlacedError[]
}

function describeFailure(error: unknown): Failure {
  if (error instanceof MixwrightError) {
    const { code, title, detail, fix, errors } = problemDocument(error)
    return { code, title, detail, fix: FIXES[error.code] ?? fix, errors }
  }
  const detail = error instanceof Error ? error.message : String(error)
  if (error instanceof UsageError) {
    const title = 'The command line cannot be followed'
    return { code: 'wrong-usage', title, detail, fix: error.fix }
  }
  if (error instanceof NoAnswerError) {
    return { code: 'no-answer', title: 'There is no result', detail, fix: error.fix }
  }
  if (error instanceof EnvironmentError) {
    return { code: 'environment', title: 'The system refused it', detail, fix: error.fix }
  }
  return { code: 'internal', title: ERRORS.internal.title, detail, fix: FIXES.internal ?? '' }
}

const SHOWN_ERRORS = 20

function failureText({ title, detail, fix, errors = [] }: Failure): string {
  const lines = [`error: ${detail === '' ? title : detail}`]
  for (const error of errors.slice(0, SHOWN_ERRORS)) {
    const place = error.option ?? error.pointer
    lines.push(place === '' ? `  ${error.detail}` : `  ${place}: ${error.detail}`)
  }
  if (errors.length > SHOWN_ERRORS) lines.push(`  and ${errors.length - SHOWN_ERRORS} more`)
  lines.push(`fix: ${fix}`)
  return lines.join('\n')
}

/**
 * Says on standard error what went wrong: as text, or as one problem document with `--json`.
 * @returns the exit code
 */
export function reportFailure(error: unknown, { json }: { json: boolean }): number {
  const exitCode = exitCodeOf(error)
  if (exitCode === EXIT.interrupted) return exitCode
  const failure = describeFailure(error)
  if (json) {
    const document = { type: `/problems/${failure.code}`, ...failure, exitCode }
    process.stderr.write(`${JSON.stringify(document)}\n`)
  } else {
    process.stderr.write(`${failureText(failure)}\n`)
    if (failure.code === 'internal' && error instanceof Error && process.env.MIXWRIGHT_DEBUG) {
      process.stderr.write(`${error.stack}\n`)
    }
  }
  return exitCode
}
