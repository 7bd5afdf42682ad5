import { logGammaVariate } from '../../gamma-variate.js'
import type { Rng } from '../../random.js'

/** Draws vectors from one Dirichlet distribution. */
export interface DirichletSampler {
  /** Writes one draw (sums to 1) to `out` and returns it. */
  draw(rng: Rng, out: Float64Array): Float64Array
}

/**
 * Prepares a Dirichlet distribution for many draws. Gamma variates are drawn as logarithms (Marsaglia and Tsang 2000,
 * with the boost Γ(a) = Γ(a + 1) · U^(1/a) in logs) and normalised by a softmax, so that concentrations of 1e-3 and far
 * smaller do not underflow to a vector of zeros.
 * @param concentrations finite numbers ≥ 0, at least one positive; an entry of 0 always gets weight 0
 * @throws RangeError when they are not
 */
export function dirichletSampler(concentrations: ArrayLike<number>): DirichletSampler {
  const shapes = Float64Array.from(concentrations)
  requireShapes(shapes)
  // Marsaglia and Tsang's d and c for the shape, raised by 1 where it is below 1.
  const d = shapes.map((shape) => (shape < 1 ? shape + 1 : shape) - 1 / 3)
  const c = d.map((value) => 1 / Math.sqrt(9 * value))

  function draw(rng: Rng, out: Float64Array): Float64Array {
    let largest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i]
      let log = Number.NEGATIVE_INFINITY
      if (shape > 0) {
        log = logGammaVariate(d[i], c[i], rng)
        if (shape < 1) log += Math.log(rng.uniformOpen()) / shape
      }
      out[i] = log
      if (log > largest) largest = log
    }
    if (largest === Number.NEGATIVE_INFINITY) return drawVertex(shapes, rng, out)
    return softmax(out, largest)
  }

  return { draw }
}

/** One draw from Dirichlet(concentrations), written to `out`; see `dirichletSampler` for many. */
export function sampleDirichlet(
  concentrations: ArrayLike<number>,
  rng: Rng,
  out: Float64Array = new Float64Array(concentrations.length),
): Float64Array {
  return dirichletSampler(concentrations).draw(rng, out)
}

function softmax(logs: Float64Array, largest: number): Float64Array {
  let sum = 0
  for (let i = 0; i < logs.length; i++) {
    logs[i] = Math.exp(logs[i] - largest)
    sum += logs[i]
  }
  for (let i = 0; i < logs.length; i++) logs[i] /= sum
  return logs
}

/** Concentrations so small that even the logarithms overflow: the limit puts all weight on i with probability ∝ a_i. */
function drawVertex(shapes: Float64Array, rng: Rng, out: Float64Array): Float64Array {
  const largest = shapes.reduce((a, b) => Math.max(a, b), 0)
  let left = rng.uniform() * shapes.reduce((sum, shape) => sum + shape / largest, 0)
  let chosen = 0
  for (let i = 0; i < shapes.length; i++) {
    if (shapes[i] === 0) continue
    chosen = i
    left -= shapes[i] / largest
    if (left < 0) break
  }
  out.fill(0)
  out[chosen] = 1
  return out
}

function requireShapes(shapes: Float64Array): void {
  shapes.forEach((shape, i) => {
    if (!(shape >= 0 && shape < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`concentration ${i} has to be a finite number ≥ 0, not ${shape}`)
    }
  })
  if (shapes.every((shape) => shape === 0)) throw new RangeError('all concentrations are 0')
}
