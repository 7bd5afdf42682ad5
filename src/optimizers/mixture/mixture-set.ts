import { l1Distance } from './distance.js'

/** Irrational, so that its multiples, modulo 1, differ for all domains. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * Mixtures, of which one can ask whether another is among them. They lie in buckets by Σ cⱼwⱼ with cⱼ in [0, 1], which for two
 * mixtures differs by at most their distance: only three buckets need to be looked through.
 */
export class MixtureSet {
  readonly #distance: number
  readonly #buckets = new Map<number, ArrayLike<number>[]>()
  #size = 0

  /** @param distance Σ|p − q| up to which two mixtures count as the same; above 0 */
  constructor(distance: number) {
    if (!(distance > 0)) throw new RangeError(`the distance must be above 0, not ${distance}`)
    this.#distance = distance
  }

  get size(): number {
    return this.#size
  }

  /** Adds the mixture, which is not copied, also when it is there already. */
  add(weights: ArrayLike<number>): void {
    const place = this.#bucketOf(weights)
    const bucket = this.#buckets.get(place)
    if (bucket) bucket.push(weights)
    else this.#buckets.set(place, [weights])
    this.#size += 1
  }

  /** Whether a mixture no further away than the distance is there. */
  has(weights: ArrayLike<number>): boolean {
    const place = this.#bucketOf(weights)
    return [place - 1, place, place + 1].some((near) =>
      this.#buckets.get(near)?.some((other) => l1Distance(weights, other) <= this.#distance),
    )
  }

  /** Twice as wide as need be, so that rounding never puts equal mixtures two buckets apart. */
  #bucketOf(weights: ArrayLike<number>): number {
    let sum = 0
    for (let j = 0; j < weights.length; j++) sum += ((GOLDEN * (j + 1)) % 1) * weights[j]
    return Math.floor(sum / (2 * this.#distance))
  }
}
