import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Box } from '../../../src/optimizers/minimisation/box.js'
import { generalisedCauchyPoint } from '../../../src/optimizers/minimisation/cauchy-point.js'
import { LimitedMemoryMatrix } from '../../../src/optimizers/minimisation/limited-memory-matrix.js'
import { minimiseInSubspace } from '../../../src/optimizers/minimisation/subspace-minimum.js'
import { createRng } from '../../../src/optimizers/random.js'
import { solve } from '../../support/solve.js'

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, j) => sum + value * b[j], 0)
const times = (matrix: number[][], v: ArrayLike<number>) => matrix.map((row) => dot(row, v))

interface Model {
  readonly n: number
  readonly matrix: LimitedMemoryMatrix
  /** B, entry by entry: θI after the BFGS updates with the pairs remembered, oldest first. */
  readonly dense: number[][]
}

/** Pairs as a convex function would give them, of very different lengths. */
function randomModel(n: number, pairs: number, memory: number, seed: number): Model {
  const rng = createRng(seed, 'pairs')
  const vector = () => Float64Array.from({ length: n }, () => rng.normal())
  const matrix = new LimitedMemoryMatrix(memory)
  const remembered: [Float64Array, Float64Array][] = []
  for (let k = 0; k < pairs; k++) {
    const step = vector().map((value) => value * 10 ** -k)
    const change = step.map((value, j) => value * (1 + 3 * rng.uniform() + (j % 3)))
    matrix.remember(step, change, dot(step, change))
    remembered.push([step, change])
  }
  const kept = remembered.slice(-memory)
  const [s, y] = kept.at(-1) ?? [[1], [1]]
  const theta = dot(y, y) / dot(s, y)
  let dense = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (__, j) => (i === j ? theta : 0)),
  )
  for (const [step, change] of kept) {
    const product = times(dense, step)
    const bend = dot(step, product)
    const curvature = dot(step, change)
    dense = dense.map((row, i) =>
      row.map(
        (value, j) =>
          value - (product[i] * product[j]) / bend + (change[i] * change[j]) / curvature,
      ),
    )
  }
  return { n, matrix, dense }
}

const models = fc
  .record({ n: fc.integer({ min: 1, max: 8 }), pairs: fc.nat(5), seed: fc.nat(10_000) })
  .map(({ n, pairs, seed }) => ({ ...randomModel(n, pairs, 3, seed), seed }))

/** A point in a box around 0, often at its bounds, and a gradient there. */
function situation(n: number, seed: number) {
  const rng = createRng(seed, 'situation')
  const some = <T>(...choices: T[]) => choices[rng.integer(choices.length)]
  const lower = Array.from({ length: n }, () => some(-rng.uniform(), -0.1, -Infinity))
  const upper = Array.from({ length: n }, () => some(rng.uniform(), 0.1, Infinity))
  const x = Float64Array.from({ length: n }, (_, j) => {
    const edge = some(lower[j], upper[j], 0, 0)
    return Number.isFinite(edge) ? edge : 0
  })
  const gradient = Float64Array.from({ length: n }, () => some(1, 1, 1, 0) * rng.normal())
  return { box: new Box({ lower, upper }), x, gradient }
}

/** gᵀ(z − x) + ½ (z − x)ᵀ B (z − x). */
function valueAt(dense: number[][], gradient: Float64Array, x: Float64Array, z: Float64Array) {
  const step = z.map((value, j) => value - x[j])
  return dot(gradient, step) + 0.5 * dot(step, times(dense, step))
}

describe('the limited-memory matrix', () => {
  test('is the matrix of the BFGS updates with the pairs that it remembers', () => {
    fc.assert(
      fc.property(models, ({ n, matrix, dense, seed }) => {
        const rng = createRng(seed, 'vector')
        const v = Float64Array.from({ length: n }, () => rng.normal())
        const projected = new Float64Array(2 * matrix.count)
        const middle = new Float64Array(2 * matrix.count)
        matrix.project(v, projected)
        matrix.multiplyMiddle(projected, middle)
        const product = v.map((value, j) => matrix.theta * value - matrix.expand(middle, j))
        times(dense, v).forEach((value, j) => {
          expect(product[j]).toBeCloseTo(value, 7)
        })
      }),
    )
  })

  test('its rows are those that projecting uses', () => {
    const { matrix } = randomModel(6, 3, 10, 1)
    for (let j = 0; j < 6; j++) {
      const unit = new Float64Array(6)
      unit[j] = 1
      const projected = new Float64Array(6)
      const row = new Float64Array(6)
      matrix.project(unit, projected)
      matrix.row(j, row)
      expect(row).toEqual(projected)
    }
  })

  test('is the identity after forgetting', () => {
    const { matrix } = randomModel(4, 3, 10, 2)
    matrix.forget()
    expect([matrix.count, matrix.theta]).toEqual([0, 1])
    expect(matrix.expand(new Float64Array(0), 2)).toBe(0)
  })
})

describe('the generalised Cauchy point', () => {
  /**
   * The first local minimum of the model along the projected path, stretch by stretch, with the
   * dense B.
   */
  function byStretches(
    dense: number[][],
    box: Box,
    x: Float64Array,
    gradient: Float64Array,
  ): Float64Array {
    const at = (time: number) => {
      const point = x.map((value, j) => value - time * gradient[j])
      box.clip(point)
      return point
    }
    const bends = Array.from(x, (value, j) => {
      const bound = gradient[j] > 0 ? box.lower[j] : box.upper[j]
      return gradient[j] === 0 ? Infinity : (value - bound) / gradient[j]
    })
    const ends = [...new Set(bends)].filter((time) => time > 0).sort((a, b) => a - b)
    let begin = 0
    for (const end of [...ends.filter(Number.isFinite), Infinity]) {
      const from = at(begin)
      const step = from.map((value, j) => value - x[j])
      const direction = x.map((_, j) => (bends[j] > begin ? -gradient[j] : 0))
      const slope = dot(direction, gradient) + dot(direction, times(dense, step))
      const curvature = dot(direction, times(dense, direction))
      if (curvature === 0 || slope >= 0) return from
      if (begin - slope / curvature < end) return at(begin - slope / curvature)
      begin = end
    }
    return at(begin)
  }

  test('is where the model first stops to fall along the projected path', () => {
    fc.assert(
      fc.property(models, ({ n, matrix, dense, seed }) => {
        const { box, x, gradient } = situation(n, seed)
        const { point, isFree, shift } = generalisedCauchyPoint(x, gradient, box, matrix)
        const expected = byStretches(dense, box, x, gradient)
        point.forEach((value, j) => {
          expect(value).toBeCloseTo(expected[j], 7)
          if (isFree[j] === 0) expect([box.lower[j], box.upper[j]]).toContain(value)
        })
        const projected = new Float64Array(shift.length)
        matrix.project(
          point.map((value, j) => value - x[j]),
          projected,
        )
        shift.forEach((value, i) => {
          expect(value).toBeCloseTo(projected[i], 7)
        })
      }),
      { numRuns: 500 },
    )
  })
})

describe('the minimum in the subspace', () => {
  test('is that of the free variables where the box leaves room for it', () => {
    fc.assert(
      fc.property(models, ({ n, matrix, dense, seed }) => {
        fc.pre(matrix.count > 0)
        const { x, gradient } = situation(n, seed)
        const everything = new Box({ lower: x.map(() => -1e9), upper: x.map(() => 1e9) })
        const rng = createRng(seed, 'held')
        const isFree = Uint8Array.from({ length: n }, () => rng.integer(2))
        const point = x.map((value, j) => (isFree[j] ? value : value + rng.normal()))
        const moved = point.map((value, j) => value - x[j])
        const shift = new Float64Array(2 * matrix.count)
        matrix.project(moved, shift)
        const free = [...isFree.keys()].filter((j) => isFree[j] === 1)
        const slopes = times(dense, moved).map((value, j) => value + gradient[j])
        const step = solve(
          free.map((i) => free.map((j) => dense[i][j])),
          free.map((i) => -slopes[i]),
        )
        const found = minimiseInSubspace(x, gradient, everything, matrix, { point, isFree, shift })
        point.forEach((value, j) => {
          const expected = isFree[j] ? value + step[free.indexOf(j)] : value
          // The projection's descent test may shorten a step that starts uphill; here there is no
          // bound to meet.
          expect(found?.[j]).toBeCloseTo(expected, 6)
        })
      }),
      { numRuns: 300 },
    )
  })

  test('stays in the box, and leads downhill from x when the Cauchy point does', () => {
    fc.assert(
      fc.property(models, ({ n, matrix, dense, seed }) => {
        const { box, x, gradient } = situation(n, seed)
        const cauchy = generalisedCauchyPoint(x, gradient, box, matrix)
        const found = minimiseInSubspace(x, gradient, box, matrix, cauchy) as Float64Array
        const step = found.map((value, j) => value - x[j])
        const inside = found.slice()
        expect(box.clip(inside)).toBe(false)
        if (box.projectedGradientNorm(x, gradient) > 1e-9) {
          expect(dot(step, gradient)).toBeLessThan(0)
          expect(valueAt(dense, gradient, x, cauchy.point)).toBeLessThan(0)
        }
      }),
      { numRuns: 500 },
    )
  })
})
