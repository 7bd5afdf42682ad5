const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  null: 'null',
}

/** A JSON Schema type, or several, with an article. */
export function aKind(type: string | readonly string[] | undefined): string {
  return [type ?? 'something else']
    .flat()
    .map((name) => KINDS[name] ?? name)
    .join(' or ')
}

/** What a value is, for people: small values in full. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  if (value !== null && typeof value === 'object') return 'an object'
  return typeof value === 'string' ? `the text ${quote(value)}` : quote(value)
}

const LONGEST_QUOTE = 60

/** A value as JSON, shortened. */
export function quote(value: unknown): string {
  if (value !== null && typeof value === 'object') return kindOf(value)
  if (typeof value === 'string' && value.length > LONGEST_QUOTE) {
    return `${JSON.stringify(value.slice(0, LONGEST_QUOTE))}…`
  }
  // JSON has no infinity: the reader of the text made it from digits that no double can hold.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number that is too large'
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value))
}
