/**
 * Solves A x = b by Gaussian elimination with partial pivoting: a plain second way for tests to
 * compare with.
 */
export function solve(a: number[][], b: number[]): number[] {
  const n = b.length
  const rows = a.map((row, i) => [...row, b[i]])
  for (let k = 0; k < n; k++) {
    let pivot = k
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i
    ;[rows[k], rows[pivot]] = [rows[pivot], rows[k]]
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i][k] / rows[k][k]
      for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j]
    }
  }
  const x = new Array<number>(n).fill(0)
  for (let k = n - 1; k >= 0; k--) {
    let sum = rows[k][n]
    for (let j = k + 1; j < n; j++) sum -= rows[k][j] * x[j]
    x[k] = sum / rows[k][k]
  }
  return x
}
