/** A number as people read it: four significant digits, no trailing zeros. */
export function readable(value: number): string {
  return String(Number(value.toPrecision(4)))
}

/** The next number of four significant digits above (or below): advice that is followed must suffice. */
export function roundedUp(value: number): string {
  const rounded = Number(value.toPrecision(4))
  return String(rounded >= value ? rounded : Number((value * 1.001).toPrecision(4)))
}

export function roundedDown(value: number): string {
  const rounded = Number(value.toPrecision(4))
  return String(rounded <= value ? rounded : Number((value * 0.999).toPrecision(4)))
}

const MOST_NAMED = 6

/** `"a", "b" and 3 others`. */
export function listed(names: readonly string[]): string {
  const quoted = names.slice(0, MOST_NAMED).map((name) => `"${name}"`)
  const rest = names.length - quoted.length
  if (rest > 0) return `${quoted.join(', ')} and ${rest} ${rest === 1 ? 'other' : 'others'}`
  if (quoted.length < 2) return quoted.join('')
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`
}
