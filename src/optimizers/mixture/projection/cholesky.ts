/**
 * Solves A x = b in place for a symmetric positive definite A: the lower triangle of `matrix` (n × n, row-major with
 * the given stride) becomes its Cholesky factor, `vector` becomes x. A pivot that rounding has made non-positive
 * is taken as infinite, which leaves its unknown at 0.
 */
export function solveCholesky(
  matrix: Float64Array,
  stride: number,
  vector: Float64Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * stride + j]
      for (let k = 0; k < j; k++) sum -= matrix[i * stride + k] * matrix[j * stride + k]
      if (i > j) matrix[i * stride + j] = sum / matrix[j * stride + j]
      else matrix[i * stride + i] = sum > 0 ? Math.sqrt(sum) : Number.POSITIVE_INFINITY
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = vector[i]
    for (let k = 0; k < i; k++) sum -= matrix[i * stride + k] * vector[k]
    vector[i] = sum / matrix[i * stride + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = vector[i]
    for (let k = i + 1; k < n; k++) sum -= matrix[k * stride + i] * vector[k]
    vector[i] = sum / matrix[i * stride + i]
  }
}
