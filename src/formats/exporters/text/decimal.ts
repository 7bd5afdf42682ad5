/**
 * The shortest decimal text that reads back as the same double, never with an exponent and always with a point: `0.7`,
 * `1.0`, `0.000000125`. Some readers take `1e-7` for a text.
 * @param value finite
 */
export function plainDecimal(value: number): string {
  const text = String(value)
  const [, sign, whole, fraction = '', direction, power] =
    /^(-?)(\d)(?:\.(\d+))?e([+-])(\d+)$/.exec(text) ?? []
  if (power === undefined) return text.includes('.') ? text : `${text}.0`
  const places = Number(power)
  if (direction === '-') return `${sign}0.${'0'.repeat(places - 1)}${whole}${fraction}`
  return `${sign}${whole}${fraction.padEnd(places, '0')}.0`
}
