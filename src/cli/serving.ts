import closeWithGrace from 'close-with-grace'
import { coloursFor } from './terminal/colours.js'

/** Longer than anything that closing waits for: answers under way, jobs that are put back, the database. */
const CLOSE_LIMIT_MS = 40_000

/** Closes cleanly on SIGTERM and SIGINT, and after an error that nobody caught. */
export function closeOnSignals(running: { close(): Promise<void> }): void {
  closeWithGrace({ delay: CLOSE_LIMIT_MS }, async ({ err }) => {
    if (err) process.stderr.write(`error: ${err.stack ?? err.message}\n`)
    await running.close()
  })
}

/** Without its database the service can answer nothing; whoever watches over it starts it again, as after a kill. */
export function endAtOnce(error: Error): void {
  process.stderr.write(
    `error: ${error.message}\nfix: Start the service again; nothing acknowledged is lost.\n`,
  )
  process.exit(1)
}

const OPEN =
  '  open: it asks for no key as long as there is none; `mixwright keys create` makes one\n'

export interface Announced {
  /** Undefined when it does not listen. */
  url: string | undefined
  docs?: string
  location: string
  store: string
  queue: string
  /** Of an API: whether nobody needs a key yet. */
  isOpen?: boolean
}

/**
 * Says on standard output that it is ready, in words or as one line of JSON.
 * @param rest what else there is to say: more facts for JSON, and a phrase for people
 */
export function announce(facts: Announced, rest: object, phrase: string, json?: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...facts, ...rest, pid: process.pid })}\n`)
    return
  }
  const { bold } = coloursFor(process.stdout)
  const { url, docs, location, store, queue, isOpen } = facts
  const at = url === undefined ? '' : `: ${bold(url)}`
  const hint = docs === undefined ? '' : `  (try it: ${bold(docs)})`
  process.stdout.write(
    `Mixwright is ready${at}${hint}\n` +
      `  data: ${location} (${store}), queue: ${queue}, ${phrase}; Ctrl-C stops it\n${isOpen ? OPEN : ''}`,
  )
}

export function countOf(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`
}
