import type { SmoothObjective } from '../../../src/optimizers/minimisation/index.js'
import { createRng } from '../../../src/optimizers/random.js'
import { solve } from '../../support/solve.js'

/** The valley of Rosenbrock in any number of variables: least, 0, where all are 1. */
export const rosenbrock: SmoothObjective = (x, gradient) => {
  let value = 0
  gradient.fill(0)
  for (let i = 0; i + 1 < x.length; i++) {
    const bend = x[i + 1] - x[i] ** 2
    const rest = 1 - x[i]
    value += 100 * bend ** 2 + rest ** 2
    gradient[i] += -400 * bend * x[i] - 2 * rest
    gradient[i + 1] += 200 * bend
  }
  return value
}

/** Where the slope of problem 110 is 0 when all its variables are equal, by bisection. */
function equalLogarithms(): number {
  const slope = (x: number) =>
    (2 * Math.log(x - 2)) / (x - 2) - (2 * Math.log(10 - x)) / (10 - x) - 0.2 * x
  let [low, high] = [9, 9.9]
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2
    if (slope(middle) < 0) low = middle
    else high = middle
  }
  return low
}

export interface Problem {
  readonly name: string
  readonly objective: SmoothObjective
  readonly start: readonly number[]
  readonly lower: readonly number[]
  readonly upper: readonly number[]
  readonly solution: readonly number[]
  readonly value: number
}

const NONE = Number.POSITIVE_INFINITY

const times = (n: number, value: number) => new Array<number>(n).fill(value)

/** The place on x₂ = 1.5 where Rosenbrock's slope in x₁ is 0: the roots of 400 x³ − 598 x − 2. */
const stationary = (turn: number) => {
  const a = Math.sqrt(598 / 1200)
  return 2 * a * Math.cos(Math.acos(1 / (400 * a ** 3)) / 3 + turn)
}
const onEdge = (x: number) => 100 * (1.5 - x ** 2) ** 2 + (1 - x) ** 2

const wood: SmoothObjective = ([a, b, c, d], gradient) => {
  const p = b - a ** 2
  const q = d - c ** 2
  gradient[0] = -400 * p * a - 2 * (1 - a)
  gradient[1] = 200 * p + 20.2 * (b - 1) + 19.8 * (d - 1)
  gradient[2] = -360 * q * c - 2 * (1 - c)
  gradient[3] = 180 * q + 20.2 * (d - 1) + 19.8 * (b - 1)
  const ends = 10.1 * ((b - 1) ** 2 + (d - 1) ** 2) + 19.8 * (b - 1) * (d - 1)
  return 100 * p ** 2 + (1 - a) ** 2 + 90 * q ** 2 + (1 - c) ** 2 + ends
}

const product: SmoothObjective = (x, gradient) => {
  const all = x.reduce((so, value) => so * value, 1)
  for (let i = 0; i < x.length; i++) {
    gradient[i] = -x.reduce((so, value, j) => (j === i ? so : so * value), 1) / 120
  }
  return 2 - all / 120
}

const logarithms: SmoothObjective = (x, gradient) => {
  const mean = Math.exp(0.2 * x.reduce((sum, value) => sum + Math.log(value), 0))
  let value = -mean
  for (let i = 0; i < x.length; i++) {
    const low = Math.log(x[i] - 2)
    const high = Math.log(10 - x[i])
    value += low ** 2 + high ** 2
    gradient[i] = (2 * low) / (x[i] - 2) - (2 * high) / (10 - x[i]) - (0.2 * mean) / x[i]
  }
  return value
}

/**
 * The problems with bounds only of Hock and Schittkowski 1981, "Test examples for nonlinear
 * programming codes".
 */
export const HOCK_SCHITTKOWSKI: readonly Problem[] = [
  {
    name: '1',
    objective: rosenbrock,
    start: [-2, 1],
    lower: [-NONE, -1.5],
    upper: [NONE, NONE],
    solution: [1, 1],
    value: 0,
  },
  {
    name: '2',
    objective: rosenbrock,
    start: [2, 3],
    lower: [-NONE, 1.5],
    upper: [NONE, NONE],
    solution: [stationary(0), 1.5],
    value: 0.0504261879,
  },
  {
    name: '2, from the start given, which leads to the local minimum',
    objective: rosenbrock,
    start: [-2, 1],
    lower: [-NONE, 1.5],
    upper: [NONE, NONE],
    solution: [stationary((2 * Math.PI) / 3), 1.5],
    value: onEdge(stationary((2 * Math.PI) / 3)),
  },
  {
    name: '3',
    objective: ([a, b], gradient) => {
      gradient[0] = -2e-5 * (b - a)
      gradient[1] = 1 + 2e-5 * (b - a)
      return b + 1e-5 * (b - a) ** 2
    },
    start: [10, 1],
    lower: [-NONE, 0],
    upper: [NONE, NONE],
    solution: [0, 0],
    value: 0,
  },
  {
    name: '4',
    objective: ([a, b], gradient) => {
      gradient[0] = (a + 1) ** 2
      gradient[1] = 1
      return (a + 1) ** 3 / 3 + b
    },
    start: [1.125, 0.125],
    lower: [1, 0],
    upper: [NONE, NONE],
    solution: [1, 0],
    value: 8 / 3,
  },
  {
    name: '5',
    objective: ([a, b], gradient) => {
      gradient[0] = Math.cos(a + b) + 2 * (a - b) - 1.5
      gradient[1] = Math.cos(a + b) - 2 * (a - b) + 2.5
      return Math.sin(a + b) + (a - b) ** 2 - 1.5 * a + 2.5 * b + 1
    },
    start: [0, 0],
    lower: [-1.5, -3],
    upper: [4, 3],
    solution: [0.5 - Math.PI / 3, -0.5 - Math.PI / 3],
    value: -Math.sqrt(3) / 2 - Math.PI / 3,
  },
  {
    name: '38',
    objective: wood,
    start: [-3, -1, -3, -1],
    lower: times(4, -10),
    upper: times(4, 10),
    solution: times(4, 1),
    value: 0,
  },
  {
    name: '45',
    objective: product,
    start: times(5, 2),
    lower: times(5, 0),
    upper: [1, 2, 3, 4, 5],
    solution: [1, 2, 3, 4, 5],
    value: 1,
  },
  {
    name: '110',
    objective: logarithms,
    start: times(10, 9),
    lower: times(10, 2.001),
    upper: times(10, 9.999),
    solution: times(10, equalLogarithms()),
    value: -45.77846971,
  },
]

/** ½ xᵀ A x − bᵀ x with a random positive definite A. */
export interface Quadratic {
  readonly matrix: number[][]
  readonly linear: number[]
  readonly objective: SmoothObjective
}

/** @param spread the largest eigenvalue over the least, roughly */
export function randomQuadratic(n: number, seed: number, spread = 30): Quadratic {
  const rng = createRng(seed, 'quadratic')
  const roots = Array.from({ length: n }, (_, k) =>
    Array.from({ length: n }, () => rng.normal() * Math.sqrt(spread) ** (k / Math.max(1, n - 1))),
  )
  const matrix = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (__, j) =>
      roots.reduce((sum, root) => sum + root[i] * root[j], i === j ? 0.1 : 0),
    ),
  )
  const linear = Array.from({ length: n }, () => 3 * rng.normal())
  const objective: SmoothObjective = (x, gradient) => {
    let value = 0
    for (let i = 0; i < n; i++) {
      let product = 0
      for (let j = 0; j < n; j++) product += matrix[i][j] * x[j]
      gradient[i] = product - linear[i]
      value += x[i] * (0.5 * product - linear[i])
    }
    return value
  }
  return { matrix, linear, objective }
}

/**
 * The minimum over a box by trying every set of active bounds: the one whose free variables solve
 * their equations within the bounds while the slopes at the bounds point outwards (the KKT
 * conditions).
 */
export function quadraticMinimum(
  { matrix, linear }: Quadratic,
  lower: readonly number[],
  upper: readonly number[],
): number[] {
  const n = linear.length
  for (let code = 0; code < 3 ** n; code++) {
    const states = linear.map((_, i) => Math.floor(code / 3 ** i) % 3)
    const x = states.map((state, i) => (state === 1 ? lower[i] : state === 2 ? upper[i] : 0))
    if (!x.every(Number.isFinite)) continue
    const free = [...states.keys()].filter((i) => states[i] === 0)
    const rest = linear.map(
      (value, i) => value - matrix[i].reduce((sum, entry, j) => sum + entry * x[j], 0),
    )
    const inside = solve(
      free.map((i) => free.map((j) => matrix[i][j])),
      free.map((i) => rest[i]),
    )
    free.forEach((i, k) => {
      x[i] = inside[k]
    })
    const slopes = linear.map(
      (value, i) => matrix[i].reduce((sum, entry, j) => sum + entry * x[j], 0) - value,
    )
    const isOptimal = states.every((state, i) => {
      if (state === 0) return x[i] >= lower[i] && x[i] <= upper[i]
      return state === 1 ? slopes[i] >= 0 : slopes[i] <= 0
    })
    if (isOptimal) return x
  }
  throw new Error('no set of active bounds is optimal')
}
