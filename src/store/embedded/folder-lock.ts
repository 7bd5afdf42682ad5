import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { currentProcess, livenessOf, type ProcessIdentity } from './process-identity.js'

const LOCK_FILE = 'LOCK'
/** The holder shows every so many milliseconds that it lives, by the time stamp of its lock file. */
const HEARTBEAT_MS = 2_000
const SILENCE_MS = 20_000

/** The process that holds a folder. */
export interface LockHolder extends ProcessIdentity {
  command: string
  /** ISO 8601. */
  since: string
  /** Differs for every lock ever taken. */
  nonce: string
}

export interface FolderLock {
  readonly holder: LockHolder
  release(): Promise<void>
}

export interface FolderLockOptions {
  /** Milliseconds without a heartbeat after which a holder that cannot be looked up is taken for dead. Default 20,000. */
  silenceMs?: number
  /** The lock file is no longer this process's: it slept for so long that another took over, or someone removed it. */
  onLost?: () => void
}

/** Another process holds the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
  readonly holder: LockHolder

  constructor(folder: string, holder: LockHolder) {
    super(
      `${folder} is in use by process ${holder.pid} on ${holder.host} (${holder.command}), since ${holder.since}. Stop that process, or use another data folder.`,
    )
    this.holder = holder
  }
}

/**
 * Takes the folder for this process by a file that names it. A lock whose process has died is taken over.
 *
 * Whether the holder lives is looked up by its process id and start time. Where that says nothing (another container or
 * machine on the same files), its heartbeat is watched for up to 20 s.
 *
 * @throws FolderInUseError
 */
export async function acquireFolderLock(
  folder: string,
  { silenceMs = SILENCE_MS, onLost }: FolderLockOptions = {},
): Promise<FolderLock> {
  const path = join(folder, LOCK_FILE)
  const holder = thisHolder()
  for (;;) {
    if (claim(path, holder)) return heldLock(path, holder, onLost)
    const other = readHolder(path)
    if (other === undefined) continue
    if (await isAlive(path, other, silenceMs)) throw new FolderInUseError(folder, other)
    removeDead(path, other, folder, holder)
  }
}

function thisHolder(): LockHolder {
  return {
    ...currentProcess(),
    command: process.argv.slice(1, 3).join(' ') || process.title,
    since: new Date().toISOString(),
    nonce: randomUUID(),
  }
}

/** Makes the file, with its content, unless it exists: a link is made whole or not at all. */
function claim(path: string, holder: LockHolder): boolean {
  const draft = `${path}.${holder.nonce}`
  writeFileSync(draft, `${JSON.stringify(holder, null, 2)}\n`)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(draft)
  }
}

function readHolder(path: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${path} cannot be read. Remove it if no process uses the folder.`, {
      cause: error,
    })
  }
}

async function isAlive(path: string, holder: LockHolder, silenceMs: number): Promise<boolean> {
  const liveness = livenessOf(holder)
  if (liveness !== 'unknown') return liveness === 'alive'
  const seen = heartbeatOf(path)
  const end = performance.now() + silenceMs
  while (performance.now() < end) {
    await delay(Math.min(HEARTBEAT_MS / 4, silenceMs))
    if (heartbeatOf(path) !== seen) return readHolder(path)?.nonce === holder.nonce
  }
  return false
}

function heartbeatOf(path: string): number {
  try {
    return statSync(path).mtimeMs
  } catch {
    return Number.NaN
  }
}

/**
 * Removes the lock of a dead process. Only one process may do so at a time, or the slower one of two would remove the
 * lock that the faster one has just taken: a second file guards the removal.
 */
function removeDead(path: string, dead: LockHolder, folder: string, self: LockHolder): void {
  const guard = `${path}.takeover`
  if (!claim(guard, self)) {
    const other = readHolder(guard)
    if (other && livenessOf(other) !== 'dead') throw new FolderInUseError(folder, other)
    unlinkIfThere(guard)
    return
  }
  try {
    if (readHolder(path)?.nonce === dead.nonce) unlinkSync(path)
  } finally {
    unlinkIfThere(guard)
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function heldLock(path: string, holder: LockHolder, onLost?: () => void): FolderLock {
  const isOurs = () => readHolder(path)?.nonce === holder.nonce
  const heartbeat = setInterval(() => {
    try {
      if (isOurs()) return touch(path)
    } catch {
      // A file that cannot be read or touched at the moment says nothing of who holds the folder: the next beat looks again.
      return
    }
    clearInterval(heartbeat)
    onLost?.()
  }, HEARTBEAT_MS)
  heartbeat.unref()
  return {
    holder,
    release: async () => {
      clearInterval(heartbeat)
      if (isOurs()) unlinkIfThere(path)
    },
  }
}

function touch(path: string): void {
  const now = new Date()
  utimesSync(path, now, now)
}
