import { NotPositiveDefiniteError } from './cholesky.js'
import { forwardSubstitute, type LowerFactor } from './triangular.js'

/**
 * The Cholesky factor of a matrix that grows by rows and columns at its end and can be cut back to
 * an earlier size. An append costs size² / 2 multiplications. The room grows by a quarter when it
 * is used up: that is copied far more seldom than it is computed with, and memory goes with its
 * square.
 */
export class GrowingCholesky {
  #data: Float64Array
  #room: number
  #size = 0

  /** @param room rows to have room for from the start, ≥ 0 */
  constructor(room = 16) {
    this.#room = room
    this.#data = new Float64Array(room * room)
  }

  /** Starts from a copy of a factor, with room for `more` rows besides. */
  static from(factor: LowerFactor, more = 16): GrowingCholesky {
    const growing = new GrowingCholesky(factor.size + more)
    copyRows(factor, growing.#data, growing.#room)
    growing.#size = factor.size
    return growing
  }

  /** Rows and columns of the matrix factorised. */
  get size(): number {
    return this.#size
  }

  /** The factor, not a copy: valid until the next append or truncation. */
  get factor(): LowerFactor {
    return { data: this.#data, size: this.#size, stride: this.#room }
  }

  /**
   * Appends a row and column to the matrix: l = L⁻¹ k, l_nn = √(d − lᵀ l).
   * @param cross k, the new row's entries left of its diagonal, as many as `size`
   * @param diagonal d, for a Gaussian process the prior variance and the noise's
   * @throws NotPositiveDefiniteError when d − lᵀ l is not a finite number above 0 (the factor then
   *   stays as it was); RangeError when `cross` has another length
   */
  append(cross: ArrayLike<number>, diagonal: number): void {
    const n = this.#size
    if (cross.length !== n) {
      throw new RangeError(`the row has ${cross.length} entries, not ${n}`)
    }
    if (n === this.#room) this.#grow()
    const begin = n * this.#room
    const row = this.#data.subarray(begin, begin + n + 1)
    row.set(cross)
    forwardSubstitute(this.factor, row)
    let pivot = diagonal
    for (let j = 0; j < n; j++) pivot -= row[j] * row[j]
    if (!(pivot > 0 && pivot < Number.POSITIVE_INFINITY)) {
      throw new NotPositiveDefiniteError(n, `the appended row leaves the pivot ${pivot}`)
    }
    row[n] = Math.sqrt(pivot)
    this.#size = n + 1
  }

  /**
   * Takes the last rows and columns of the matrix off again.
   * @param size how many rows stay, from 0 to `size`
   * @throws RangeError when it is not that
   */
  truncate(size: number): void {
    if (!(Number.isInteger(size) && size >= 0 && size <= this.#size)) {
      throw new RangeError(`a factor of ${this.#size} rows cannot be cut to ${size}`)
    }
    this.#size = size
  }

  #grow(): void {
    const room = this.#room + Math.max(16, this.#room >> 2)
    const data = new Float64Array(room * room)
    copyRows(this.factor, data, room)
    this.#data = data
    this.#room = room
  }
}

function copyRows({ data, size, stride }: LowerFactor, out: Float64Array, outStride: number): void {
  for (let i = 0; i < size; i++) {
    out.set(data.subarray(i * stride, i * stride + i + 1), i * outStride)
  }
}
