import { InvalidArgumentError } from 'commander'
import type { Scope } from '../../../store/key-contract.js'
import { SCOPES } from '../../../studies/scopes.js'

/** Readers of option values, and texts. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `read,run`, in any order. */
export function scopeList(text: string): Scope[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !SCOPES.some((scope) => scope === name))
  if (unknown.length === 0) return SCOPES.filter((scope) => names.includes(scope))
  throw new InvalidArgumentError(`It must be a list of ${SCOPES.join(', ')}, with commas.`)
}

/** `90d`, `12h`, `30m` or `45s`, in seconds. */
export function duration(text: string): number {
  const seconds = secondsOf(text)
  if (seconds !== undefined) return seconds
  throw new InvalidArgumentError('It must be a time such as 7d, 12h, 30m or 45s.')
}

/** A duration from now on, a date with or without a time (UTC when no zone is given), or `never`; as the API takes it. */
export function expiryTime(text: string): string | null {
  if (text === 'never') return null
  const seconds = secondsOf(text)
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)
  const time = new Date(
    seconds !== undefined ? Date.now() + seconds * 1000 : isDate ? inUtc(text) : Number.NaN,
  )
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new InvalidArgumentError('It must be a time such as 90d, 12h, 2027-01-31 or never.')
}

function secondsOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * UNIT_SECONDS[unit]
}

/** Without a zone, a date with a time would be one of this machine's zone. */
function inUtc(text: string): string {
  return text.includes('T') && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text
}
