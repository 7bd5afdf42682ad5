import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Enough to tell later whether a process still lives, also when its id has been given to another one. */
export interface ProcessIdentity {
  pid: number
  host: string
  /** The running system and process namespace that the id belongs to; '' where the system does not tell. */
  realm: string
  /** Start of the process in clock ticks since the system's start; '' where the system does not tell. */
  startTime: string
}

export function currentProcess(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), realm: realm(), startTime: startTimeOf(process.pid) }
}

/**
 * Whether the process lives. `unknown` when it belongs to another machine, container or boot, of which process ids say
 * nothing here.
 */
export function livenessOf(identity: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (identity.host !== hostname() || identity.realm !== realm()) return 'unknown'
  if (!exists(identity.pid) || isZombie(identity.pid)) return 'dead'
  return startTimeOf(identity.pid) === identity.startTime ? 'alive' : 'dead'
}

/** A process that has ended keeps its id until its parent takes note, which in a container may be never. */
function isZombie(pid: number): boolean {
  return statFieldsOf(pid)[0] === 'Z'
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Field 22 of /proc/<pid>/stat. */
function startTimeOf(pid: number): string {
  return statFieldsOf(pid)[19] ?? ''
}

/** The fields of /proc/<pid>/stat from the third on; the second, a name in parentheses, may itself contain spaces. */
function statFieldsOf(pid: number): string[] {
  const stat = readOr(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function realm(): string {
  const boot = readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim())
  const namespace = readOr(() => readlinkSync('/proc/self/ns/pid'))
  return `${boot} ${namespace}`.trim()
}

function readOr(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
