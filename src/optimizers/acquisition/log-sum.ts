/**
 * Logarithm of a sum of numbers that are given by their logarithms: the largest is taken out as it
 * is found, so that nothing overflows or underflows.
 */
export class LogSum {
  private largest = Number.NEGATIVE_INFINITY
  /** The sum in units of the largest term. */
  private scaled = 0

  /** @param logarithm of one term; −Infinity adds nothing */
  add(logarithm: number): void {
    if (logarithm > this.largest) {
      this.scaled = this.scaled * Math.exp(this.largest - logarithm) + 1
      this.largest = logarithm
    } else if (logarithm > Number.NEGATIVE_INFINITY) {
      this.scaled += Math.exp(logarithm - this.largest)
    }
  }

  /** ln of the sum so far; −Infinity of nothing. */
  get value(): number {
    return this.largest + Math.log(this.scaled)
  }
}
