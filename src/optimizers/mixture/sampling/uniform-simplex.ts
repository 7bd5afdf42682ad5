import type { Rng } from '../../random.js'

/**
 * A point uniform on the simplex, from one number in (0, 1) a coordinate: −ln(u_i) are exponential, and normalised they are
 * Dirichlet(1). Works in place and returns its argument. Used with a Sobol point it keeps its even spread.
 */
export function exponentialSpacings(uniforms: Float64Array): Float64Array {
  let sum = 0
  for (let i = 0; i < uniforms.length; i++) {
    uniforms[i] = -Math.log(uniforms[i])
    sum += uniforms[i]
  }
  for (let i = 0; i < uniforms.length; i++) uniforms[i] /= sum
  return uniforms
}

/** A point uniform on the simplex of as many coordinates as `out` has, written to `out`. */
export function sampleUniformSimplex(rng: Rng, out: Float64Array): Float64Array {
  for (let i = 0; i < out.length; i++) out[i] = rng.uniformOpen()
  return exponentialSpacings(out)
}
