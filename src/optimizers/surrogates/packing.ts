/**
 * Doubles as base64 of their little-endian bytes: exact, and a third of the size of decimal JSON.
 */
export function packDoubles(values: Float64Array): string {
  const bytes = Buffer.alloc(values.length * 8)
  for (let i = 0; i < values.length; i++) bytes.writeDoubleLE(values[i], i * 8)
  return bytes.toString('base64')
}

/** Inverse of `packDoubles`; throws a TypeError when the text does not hold `length` doubles. */
export function unpackDoubles(text: unknown, length: number): Float64Array {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined
  if (!bytes || bytes.length !== length * 8) {
    throw new TypeError(`expected ${length} packed doubles in a stored surrogate`)
  }
  return Float64Array.from({ length }, (_, i) => bytes.readDoubleLE(i * 8))
}
