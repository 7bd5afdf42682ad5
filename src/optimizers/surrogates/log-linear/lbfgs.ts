import { type Ray, strongWolfeStep } from './line-search.js'

/** A differentiable function of `size` variables. */
export interface SmoothFunction {
  readonly size: number
  /** Returns the value and writes the gradient. */
  evaluate(point: Float64Array, gradient: Float64Array): number
}

export interface StopRule {
  readonly maxIterations: number
  /** Stop when the value fell by less than this share of itself … */
  readonly tolerance: number
  /** … over this many iterations. */
  readonly window: number
}

export interface Minimum {
  readonly value: number
  readonly iterations: number
}

/**
 * Limited-memory BFGS (Nocedal 1980; two-loop recursion) with a strong Wolfe line search.
 * All working memory is allocated once, so one instance serves many starts.
 */
export class Lbfgs {
  readonly #function: SmoothFunction
  readonly #memory: number
  readonly #steps: Float64Array[]
  readonly #changes: Float64Array[]
  readonly #inverseProducts: Float64Array
  readonly #alphas: Float64Array
  readonly #gradient: Float64Array
  readonly #direction: Float64Array
  readonly #nextGradient: Float64Array
  readonly #nextPoint: Float64Array
  #stored = 0
  #newest = -1

  /** @param memory pairs of steps and gradient changes to remember */
  constructor(smooth: SmoothFunction, memory = 10) {
    const vector = () => new Float64Array(smooth.size)
    this.#function = smooth
    this.#memory = memory
    this.#steps = Array.from({ length: memory }, vector)
    this.#changes = Array.from({ length: memory }, vector)
    this.#inverseProducts = new Float64Array(memory)
    this.#alphas = new Float64Array(memory)
    this.#gradient = vector()
    this.#direction = vector()
    this.#nextGradient = vector()
    this.#nextPoint = vector()
  }

  /** Minimises from `point`, which it overwrites with the minimum. The value never rises. */
  minimise(point: Float64Array, rule: StopRule): Minimum {
    this.#forget()
    const gradient = this.#gradient
    let value = this.#function.evaluate(point, gradient)
    let checkpoint = value
    let iterations = 0
    const ray = this.#rayFrom(point)
    while (iterations < rule.maxIterations) {
      const slope = this.#descend()
      if (!(slope < 0)) {
        if (this.#stored === 0) break
        this.#forget()
        continue
      }
      ray.value = value
      ray.slope = slope
      const firstStep = this.#stored > 0 ? 1 : Math.min(1, 1 / Math.sqrt(-slope))
      if (strongWolfeStep(ray, firstStep) === 0) {
        // The remembered curvature may mislead; without it the direction is the plain gradient.
        if (this.#stored === 0) break
        this.#forget()
        continue
      }
      this.#remember(point)
      point.set(this.#nextPoint)
      gradient.set(this.#nextGradient)
      value = ray.value
      iterations++
      if (iterations % rule.window === 0) {
        if (checkpoint - value <= rule.tolerance * Math.abs(value)) break
        checkpoint = value
      }
    }
    return { value, iterations }
  }

  #forget(): void {
    this.#stored = 0
    this.#newest = -1
  }

  #rayFrom(point: Float64Array): Ray {
    const direction = this.#direction
    const next = this.#nextPoint
    const nextGradient = this.#nextGradient
    const smooth = this.#function
    return {
      value: 0,
      slope: 0,
      evaluate(step) {
        for (let j = 0; j < next.length; j++) next[j] = point[j] + step * direction[j]
        this.value = smooth.evaluate(next, nextGradient)
        this.slope = dot(nextGradient, direction)
      },
    }
  }

  /** Writes the quasi-Newton direction −H·g and returns its slope. */
  #descend(): number {
    const direction = this.#direction
    const memory = this.#memory
    direction.set(this.#gradient)
    for (let age = 0; age < this.#stored; age++) {
      const k = (this.#newest - age + memory) % memory
      this.#alphas[k] = this.#inverseProducts[k] * dot(this.#steps[k], direction)
      addScaled(direction, -this.#alphas[k], this.#changes[k])
    }
    if (this.#stored > 0) {
      const change = this.#changes[this.#newest]
      const scale = 1 / (this.#inverseProducts[this.#newest] * dot(change, change))
      for (let j = 0; j < direction.length; j++) direction[j] *= scale
    }
    for (let age = this.#stored - 1; age >= 0; age--) {
      const k = (this.#newest - age + memory) % memory
      const beta = this.#inverseProducts[k] * dot(this.#changes[k], direction)
      addScaled(direction, this.#alphas[k] - beta, this.#steps[k])
    }
    for (let j = 0; j < direction.length; j++) direction[j] = -direction[j]
    return dot(direction, this.#gradient)
  }

  /** Keeps the step just taken, when its curvature is positive beyond rounding. */
  #remember(point: Float64Array): void {
    const slot = (this.#newest + 1) % this.#memory
    const step = this.#steps[slot]
    const change = this.#changes[slot]
    for (let j = 0; j < step.length; j++) {
      step[j] = this.#nextPoint[j] - point[j]
      change[j] = this.#nextGradient[j] - this.#gradient[j]
    }
    const product = dot(step, change)
    if (!(product > 1e-12 * dot(change, change))) {
      // The slot may have held the oldest pair.
      this.#stored = Math.min(this.#stored, this.#memory - 1)
      return
    }
    this.#inverseProducts[slot] = 1 / product
    this.#newest = slot
    this.#stored = Math.min(this.#stored + 1, this.#memory)
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j]
  return sum
}

function addScaled(target: Float64Array, factor: number, source: Float64Array): void {
  for (let j = 0; j < target.length; j++) target[j] += factor * source[j]
}
