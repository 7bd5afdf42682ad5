import { choleskyInPlace, type LowerFactor, solveFactored } from '../linear-algebra/index.js'
import { dot } from './vectors.js'

/**
 * The limited-memory BFGS approximation of a Hessian in its compact form (Byrd, Nocedal and
 * Schnabel 1994),
 *   B = θ I − W M Wᵀ,   W = [Y  θS],   M⁻¹ = [−D  Lᵀ; L  θSᵀS],
 * with the remembered steps s_i as the columns of S and the gradient changes y_i as those of Y,
 * oldest first; L is the part of SᵀY below its diagonal D. B is the same for a pair (c s, c y), so
 * pairs are kept scaled to sᵀy = 1: then D = I, and all pairs weigh alike however short they were.
 */
export class LimitedMemoryMatrix {
  /** θ, the curvature along all directions that the pairs say nothing of. */
  theta = 1
  readonly steps: Float64Array[] = []
  readonly changes: Float64Array[] = []
  readonly #memory: number
  /** SᵀS and SᵀY, row-major with the memory as the stride. */
  readonly #stepProducts: Float64Array
  readonly #crossProducts: Float64Array
  /** The factor of θSᵀS + L Lᵀ. */
  readonly #middle: Float64Array
  readonly #work: Float64Array

  /** @param memory most pairs remembered, ≥ 1 */
  constructor(memory: number) {
    this.#memory = memory
    this.#stepProducts = new Float64Array(memory * memory)
    this.#crossProducts = new Float64Array(memory * memory)
    this.#middle = new Float64Array(memory * memory)
    this.#work = new Float64Array(memory)
  }

  /** Pairs remembered. */
  get count(): number {
    return this.steps.length
  }

  /** s_iᵀ y_j. */
  crossProduct(i: number, j: number): number {
    return this.#crossProducts[i * this.#memory + j]
  }

  forget(): void {
    this.theta = 1
    this.steps.length = 0
    this.changes.length = 0
  }

  /**
   * Remembers a pair and drops the oldest when there are too many. Forgets everything when rounding
   * has made the middle matrix indefinite.
   * @param curvature sᵀy > 0
   */
  remember(step: Float64Array, change: Float64Array, curvature: number): void {
    if (this.count === this.#memory) this.#dropOldest()
    const scale = 1 / Math.sqrt(curvature)
    this.steps.push(step.map((value) => value * scale))
    this.changes.push(change.map((value) => value * scale))
    const newest = this.count - 1
    const y = this.changes[newest]
    this.theta = dot(y, y)
    for (let i = 0; i <= newest; i++) {
      const products = dot(this.steps[newest], this.steps[i])
      this.#stepProducts[newest * this.#memory + i] = products
      this.#stepProducts[i * this.#memory + newest] = products
      this.#crossProducts[newest * this.#memory + i] = dot(this.steps[newest], this.changes[i])
      this.#crossProducts[i * this.#memory + newest] = dot(this.steps[i], y)
    }
    if (!this.#factorise()) this.forget()
  }

  /** out ← Wᵀ v, of 2 · count entries. */
  project(vector: Float64Array, out: Float64Array): void {
    const { count } = this
    for (let i = 0; i < count; i++) {
      out[i] = dot(this.changes[i], vector)
      out[count + i] = this.theta * dot(this.steps[i], vector)
    }
  }

  /** out ← row j of W, of 2 · count entries. */
  row(j: number, out: Float64Array): void {
    const { count } = this
    for (let i = 0; i < count; i++) {
      out[i] = this.changes[i][j]
      out[count + i] = this.theta * this.steps[i][j]
    }
  }

  /** Entry j of W v. */
  expand(v: Float64Array, j: number): number {
    const { count } = this
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += this.changes[i][j] * v[i] + this.theta * this.steps[i][j] * v[count + i]
    }
    return sum
  }

  /** out ← M v, of 2 · count entries each: w = (θSᵀS + L Lᵀ)⁻¹ (v₂ + L v₁), then [Lᵀ w − v₁; w]. */
  multiplyMiddle(v: Float64Array, out: Float64Array): void {
    const { count } = this
    const w = this.#work.subarray(0, count)
    for (let i = 0; i < count; i++) {
      w[i] = v[count + i]
      for (let j = 0; j < i; j++) w[i] += this.crossProduct(i, j) * v[j]
    }
    solveFactored(this.#factor(), w)
    for (let j = 0; j < count; j++) {
      out[j] = -v[j]
      for (let i = j + 1; i < count; i++) out[j] += this.crossProduct(i, j) * w[i]
      out[count + j] = w[j]
    }
  }

  #factor(): LowerFactor {
    return { data: this.#middle, size: this.count, stride: this.#memory }
  }

  #factorise(): boolean {
    for (let i = 0; i < this.count; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = this.theta * this.#stepProducts[i * this.#memory + j]
        for (let k = 0; k < j; k++) sum += this.crossProduct(i, k) * this.crossProduct(j, k)
        this.#middle[i * this.#memory + j] = sum
      }
    }
    return choleskyInPlace(this.#middle, this.count, this.#memory) < 0
  }

  #dropOldest(): void {
    this.steps.shift()
    this.changes.shift()
    // Entry (i + 1, j + 1) lies this far behind entry (i, j), so one move shifts all rows and
    // columns.
    this.#stepProducts.copyWithin(0, this.#memory + 1)
    this.#crossProducts.copyWithin(0, this.#memory + 1)
  }
}
