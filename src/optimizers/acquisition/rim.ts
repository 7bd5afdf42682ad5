import { projectEuclidean, type Space } from '../mixture/index.js'
import { permutation, type Rng } from '../random.js'

/**
 * Mixtures at the rim of a space, without end: the references, its corners (projections of the simplex's vertices), the midpoints
 * of its edges, and then points between two references or corners.
 * @param references mixtures of the space
 */
export function* rimOf(
  space: Space,
  references: readonly Float64Array[],
  rng: Rng,
): Generator<Float64Array, never> {
  const order = permutation(space.names.length, rng)
  const ends = [...references]
  yield* references
  for (const i of order) {
    const corner = halves(space, i, i)
    ends.push(corner)
    yield corner
  }
  for (const [i, j] of pairsOf(order)) yield halves(space, i, j)
  for (;;) {
    const [one, other] = [ends[rng.integer(ends.length)], ends[rng.integer(ends.length)]]
    const share = rng.uniform()
    yield one.map((weight, i) => share * weight + (1 - share) * other[i])
  }
}

/** Half of domain i and half of domain j, as far as the constraints let. */
function halves(space: Space, i: number, j: number): Float64Array {
  const point = new Float64Array(space.names.length)
  point[i] += 0.5
  point[j] += 0.5
  return projectEuclidean(space, point, point)
}

/** Every two of the entries once, one after the other without a list of all: they are many. */
function* pairsOf(order: Int32Array): Generator<[number, number]> {
  const size = order.length
  for (let gap = 1; 2 * gap <= size; gap++) {
    const opposite = 2 * gap === size
    for (let i = 0; i < (opposite ? gap : size); i++) yield [order[i], order[(i + gap) % size]]
  }
}
