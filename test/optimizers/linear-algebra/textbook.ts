import { createRng } from '../../../src/optimizers/random.js'

/** Row-major matrices, one entry at a time: the plain second way that tests compare with. */

/** The lower Cholesky factor with zeros above, or the row whose pivot is not above 0. */
export function textbookCholesky(matrix: Float64Array, n: number): Float64Array | number {
  const l = new Float64Array(n * n)
  for (let j = 0; j < n; j++) {
    let pivot = matrix[j * n + j]
    for (let k = 0; k < j; k++) pivot -= l[j * n + k] ** 2
    if (!(pivot > 0)) return j
    l[j * n + j] = Math.sqrt(pivot)
    for (let i = j + 1; i < n; i++) {
      let sum = matrix[i * n + j]
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k]
      l[i * n + j] = sum / l[j * n + j]
    }
  }
  return l
}

/** (rows × depth) times (depth × columns). */
export function textbookProduct(
  a: Float64Array,
  b: Float64Array,
  rows: number,
  depth: number,
  columns: number,
): Float64Array {
  const product = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < depth; k++)
        product[i * columns + j] += a[i * depth + k] * b[k * columns + j]
    }
  }
  return product
}

export function textbookTranspose(a: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(a, (_, at) => a[(at % rows) * columns + Math.floor(at / rows)])
}

/**
 * The inverse by Gauss–Jordan elimination without pivoting, which a positive definite matrix
 * allows.
 */
export function textbookInverse(matrix: Float64Array, n: number): Float64Array {
  const a = matrix.slice()
  const inverse = identity(n)
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k]
    for (let j = 0; j < n; j++) {
      a[k * n + j] /= pivot
      inverse[k * n + j] /= pivot
    }
    for (let i = 0; i < n; i++) {
      const share = a[i * n + k]
      if (i === k) continue
      for (let j = 0; j < n; j++) {
        a[i * n + j] -= share * a[k * n + j]
        inverse[i * n + j] -= share * inverse[k * n + j]
      }
    }
  }
  return inverse
}

export function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0))
}

export function randomMatrix(rows: number, columns: number, seed: number): Float64Array {
  const rng = createRng(seed, 'matrix')
  return Float64Array.from({ length: rows * columns }, () => rng.normal())
}

/** A Aᵀ / n + I / 2 for a random A: positive definite, its condition below about 10. */
export function randomPositiveDefinite(n: number, seed: number): Float64Array {
  const a = randomMatrix(n, n, seed)
  const matrix = textbookProduct(a, textbookTranspose(a, n, n), n, n, n)
  return matrix.map((value, at) => value / n + (at % (n + 1) === 0 ? 0.5 : 0))
}

/**
 * The squared exponential covariance of n random points in three dimensions, and noise on the
 * diagonal.
 */
export function covariance(n: number, noise: number, seed: number, spread = 1): Float64Array {
  const points = randomMatrix(n, 3, seed).map((value) => spread * value)
  const matrix = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let squared = 0
      for (let k = 0; k < 3; k++) squared += (points[3 * i + k] - points[3 * j + k]) ** 2
      matrix[i * n + j] = Math.exp(-0.5 * squared) + (i === j ? noise : 0)
    }
  }
  return matrix
}

/** A copy with what lies above the diagonal replaced. */
export function withUpper(matrix: Float64Array, n: number, value: number): Float64Array {
  return matrix.map((entry, at) => (at % n > Math.floor(at / n) ? value : entry))
}

export function largestDifference(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} entries and ${b.length}`)
  return a.reduce((most, value, at) => {
    const difference = Math.abs(value - b[at])
    return difference > most || Number.isNaN(difference) ? difference : most
  }, 0)
}

/** Sizes at and around the edges of leaves, halves and panels. */
export const SIZES = [
  0, 1, 2, 3, 5, 11, 12, 13, 14, 23, 24, 25, 36, 37, 48, 49, 63, 64, 65, 96, 97, 127, 128, 129, 191,
  193, 260,
]
