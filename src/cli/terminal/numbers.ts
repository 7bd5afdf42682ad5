/** A share with three digits; what is smaller shows as such, and nothing as a dot. */
export function shareText(share: number): string {
  if (share === 0) return '·'
  return share < 0.0005 ? '<.001' : share.toFixed(3)
}

export function numberText(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  return Number(value.toPrecision(4)).toString()
}
