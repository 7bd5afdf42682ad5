import { Box } from './box.js'
import { generalisedCauchyPoint, withoutBounds } from './cauchy-point.js'
import { LimitedMemoryMatrix } from './limited-memory-matrix.js'
import { type Ray, searchLine } from './line-search.js'
import { minimiseInSubspace } from './subspace-minimum.js'
import type { Bounds, MinimisationOptions, Minimum, SmoothObjective, StopReason } from './types.js'
import { dot } from './vectors.js'

const DEFAULTS: Required<MinimisationOptions> = {
  memory: 10,
  maxIterations: 15_000,
  maxEvaluations: 15_000,
  gradientTolerance: 1e-5,
  valueTolerance: 1e7 * Number.EPSILON,
}
const MOST_TRIALS_OF_A_STEP = 20
const LONGEST_STEP = 1e10

/**
 * Minimises a smooth function over a box by L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995, "A limited
 * memory algorithm for bound constrained optimization", with the subspace step of version 3.0): the
 * quadratic model's generalised Cauchy point says which bounds hold, the model is minimised in the
 * other variables, and a Moré–Thuente line search goes there. Defaults and stop rules are those of
 * SciPy, and so are the iterates, as long as the subspace step leads downhill enough and the
 * objective is finite. The value never rises from one iterate to the next.
 * @param start brought within the bounds first
 * @throws RangeError on bounds that cross, lengths that differ, a start that is NaN, or options out
 *   of range
 */
export function minimiseBounded(
  objective: SmoothObjective,
  start: ArrayLike<number>,
  bounds: Bounds,
  options: MinimisationOptions = {},
): Minimum {
  const settings = { ...DEFAULTS, ...options }
  if (!(settings.memory >= 1 && settings.maxEvaluations >= 1)) {
    throw new RangeError('memory and maxEvaluations have to be at least 1')
  }
  const box = new Box(bounds)
  const x = Float64Array.from(start)
  if (x.length !== box.size) {
    throw new RangeError(`the start has ${x.length} entries, the bounds ${box.size}`)
  }
  if (x.some(Number.isNaN)) throw new RangeError('the start has entries that are not numbers')
  box.clip(x)
  return new BoundedSearch(objective, x, box, settings).run()
}

/** A point with the function's value and gradient there. */
interface Place {
  value: number
  readonly x: Float64Array
  readonly gradient: Float64Array
}

class BoundedSearch {
  readonly #objective: SmoothObjective
  readonly #box: Box
  readonly #settings: Required<MinimisationOptions>
  readonly #matrix: LimitedMemoryMatrix
  /** Where the search is. */
  readonly #here: Place
  /** Where the line search looked last, and the lowest that it saw. */
  readonly #trial: Place
  readonly #lowest: Place
  #iterations = 0
  #evaluations = 0

  constructor(
    objective: SmoothObjective,
    x: Float64Array,
    box: Box,
    settings: Required<MinimisationOptions>,
  ) {
    this.#objective = objective
    this.#box = box
    this.#settings = settings
    this.#matrix = new LimitedMemoryMatrix(settings.memory)
    this.#here = { value: 0, x, gradient: new Float64Array(x.length) }
    this.#trial = { value: 0, x: x.slice(), gradient: new Float64Array(x.length) }
    this.#lowest = { value: 0, x: x.slice(), gradient: new Float64Array(x.length) }
  }

  run(): Minimum {
    this.#evaluate(this.#here)
    const reason = this.#descend()
    return {
      ...this.#here,
      iterations: this.#iterations,
      evaluations: this.#evaluations,
      reason,
    }
  }

  #descend(): StopReason {
    const { maxIterations, maxEvaluations, gradientTolerance, valueTolerance } = this.#settings
    const here = this.#here
    if (!isFinitePlace(here)) return 'not-finite'
    for (;;) {
      if (this.#box.projectedGradientNorm(here.x, here.gradient) <= gradientTolerance) {
        return 'gradient'
      }
      if (this.#iterations >= maxIterations) return 'iterations'
      if (this.#evaluations >= maxEvaluations) return 'evaluations'
      const before = here.value
      if (this.#advance()) {
        const scale = Math.max(Math.abs(before), Math.abs(here.value), 1)
        if (before - here.value <= valueTolerance * scale) return 'value'
      } else {
        if (this.#matrix.count === 0 && this.#evaluations < maxEvaluations) return 'line-search'
        this.#matrix.forget()
      }
    }
  }

  /**
   * One iteration. Returns whether the line search succeeded; where it did not, the search may
   * still have moved, to the lowest point seen.
   */
  #advance(): boolean {
    const here = this.#here
    const target = this.#target()
    if (!target) return false
    const direction = target.map((value, j) => value - here.x[j])
    const slope = dot(here.gradient, direction)
    if (!(slope < 0)) return false
    this.#lowest.value = here.value
    const trials = this.#settings.maxEvaluations - this.#evaluations
    const succeeded = searchLine(
      this.#rayTo(target, direction, slope),
      this.#firstStep(direction),
      this.#longestStep(direction),
      Math.min(trials, MOST_TRIALS_OF_A_STEP),
    )
    if (succeeded) {
      this.#remember()
      this.#moveTo(this.#trial)
    } else if (this.#lowest.value < here.value) {
      this.#moveTo(this.#lowest)
    }
    return succeeded
  }

  /** Where the quadratic model is least; undefined when rounding has spoilt the model. */
  #target(): Float64Array | undefined {
    const { x, gradient } = this.#here
    const box = this.#box
    const matrix = this.#matrix
    const isNewton = box.isEverything && matrix.count > 0
    const cauchy = isNewton
      ? withoutBounds(x, matrix)
      : generalisedCauchyPoint(x, gradient, box, matrix)
    return minimiseInSubspace(x, gradient, box, matrix, cauchy)
  }

  /**
   * Without a memory the model knows no scale, and the first step has length 1 unless the box says
   * more.
   */
  #firstStep(direction: Float64Array): number {
    if (this.#matrix.count > 0 || this.#box.isBounded) return 1
    return 1 / Math.sqrt(dot(direction, direction))
  }

  #longestStep(direction: Float64Array): number {
    if (this.#box.isEverything) return LONGEST_STEP
    if (this.#iterations === 0) return 1
    return Math.max(1, this.#box.longestStep(this.#here.x, direction, LONGEST_STEP))
  }

  #rayTo(target: Float64Array, direction: Float64Array, slope: number): Ray {
    const here = this.#here
    const trial = this.#trial
    const evaluate = () => this.#evaluateTrial()
    const clip = () => this.#box.clip(trial.x)
    return {
      value: here.value,
      slope,
      evaluate(step) {
        for (let j = 0; j < trial.x.length; j++) {
          trial.x[j] = step === 1 ? target[j] : here.x[j] + step * direction[j]
        }
        clip()
        evaluate()
        this.value = trial.value
        this.slope = dot(trial.gradient, direction)
      },
    }
  }

  #evaluateTrial(): void {
    const trial = this.#trial
    this.#evaluate(trial)
    if (trial.value < this.#lowest.value && isFinitePlace(trial)) copyPlace(trial, this.#lowest)
  }

  #evaluate(place: Place): void {
    place.value = this.#objective(place.x, place.gradient)
    this.#evaluations++
  }

  /** Keeps the step to the trial when the curvature along it is positive beyond rounding. */
  #remember(): void {
    const here = this.#here
    const trial = this.#trial
    const step = trial.x.map((value, j) => value - here.x[j])
    const change = trial.gradient.map((value, j) => value - here.gradient[j])
    const curvature = dot(step, change)
    if (curvature > -Number.EPSILON * dot(step, here.gradient)) {
      this.#matrix.remember(step, change, curvature)
    }
  }

  #moveTo(place: Place): void {
    copyPlace(place, this.#here)
    this.#iterations++
  }
}

function isFinitePlace({ value, gradient }: Place): boolean {
  return Number.isFinite(value) && gradient.every(Number.isFinite)
}

function copyPlace(from: Place, to: Place): void {
  to.value = from.value
  to.x.set(from.x)
  to.gradient.set(from.gradient)
}
