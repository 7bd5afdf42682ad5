import { MixwrightError } from '../errors.js'

/** What a cursor is bound to: it only continues the list it came from, under the same filters. */
export interface CursorScope {
  list: string
  filters: Record<string, string | undefined>
}

const VERSION = 1
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** An opaque cursor (base64url) for the page after the item with the id. */
export function encodeCursor(scope: CursorScope, after: string): string {
  return Buffer.from(JSON.stringify([VERSION, scopeKey(scope), after])).toString('base64url')
}

/**
 * The id that the page begins after.
 * @throws MixwrightError `malformed-cursor` for anything that `encodeCursor` did not make for this scope
 */
export function decodeCursor(scope: CursorScope, cursor: string): string {
  const [version, key, after] = parse(cursor)
  if (version !== VERSION || typeof after !== 'string' || !UUID.test(after)) {
    throw new MixwrightError('malformed-cursor', 'The cursor cannot be read.')
  }
  if (key !== scopeKey(scope)) {
    throw new MixwrightError(
      'malformed-cursor',
      'The cursor belongs to another list, or to the same list with other filters.',
    )
  }
  return after
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

function scopeKey({ list, filters }: CursorScope): string {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined)
  return JSON.stringify([list, given.sort(([a], [b]) => (a < b ? -1 : 1))])
}

export interface Paginated<T> {
  items: T[]
  pagination: { cursor: string | null; hasMore: boolean }
}

/** A page as the API answers it; the cursor is null on the last page. */
export function paginate<R extends { id: string }, T>(
  scope: CursorScope,
  { items, hasMore }: { items: readonly R[]; hasMore: boolean },
  view: (record: R) => T,
): Paginated<T> {
  const last = items.at(-1)
  const cursor = hasMore && last ? encodeCursor(scope, last.id) : null
  return { items: items.map(view), pagination: { cursor, hasMore } }
}
