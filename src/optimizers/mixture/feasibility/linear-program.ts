import { type Constraint, type Model, solve } from 'yalps'
import type { Space } from '../types.js'

/** One side of a constraint: the classes of domains it adds up, and the least or most that they may have. */
export interface Limit {
  side: 'minimum' | 'maximum'
  classes: readonly number[]
  value: number
  /** The group it comes from, or null for the summed bounds of one class. */
  group: number | null
}

/** Domains that are in the same groups: only their sum matters, so the linear programs work on these sums. */
export interface ClassProgram {
  classes: Int32Array[]
  limits: Limit[]
}

/**
 * The limits of the given groups (indices into `space.groups`) and of all domains, without those that Σ = 1 and w ≥ 0 imply.
 */
export function classProgram(space: Space, groups: readonly number[]): ClassProgram {
  const classes = classesOf(space, groups)
  const sumOver = (members: Int32Array, bound: Float64Array) =>
    members.reduce((sum, i) => sum + bound[i], 0)
  const limits: Limit[] = []
  const add = (indices: number[], minimum: number, maximum: number, group: number | null) => {
    if (minimum > 0) limits.push({ side: 'minimum', classes: indices, value: minimum, group })
    if (maximum < 1) limits.push({ side: 'maximum', classes: indices, value: maximum, group })
  }
  for (const k of groups) {
    const inGroup = new Set(space.groups[k].members)
    const indices = [...classes.keys()].filter((s) => inGroup.has(classes[s][0]))
    add(indices, space.groups[k].minimum, space.groups[k].maximum, k)
  }
  classes.forEach((members, s) => {
    add([s], sumOver(members, space.lower), sumOver(members, space.upper), null)
  })
  return { classes, limits }
}

function classesOf(space: Space, groups: readonly number[]): Int32Array[] {
  const groupsOf: number[][] = space.names.map(() => [])
  for (const k of groups) {
    for (const i of space.groups[k].members) groupsOf[i].push(k)
  }
  const bySignature = new Map<string, number[]>()
  groupsOf.forEach((memberships, i) => {
    const signature = memberships.join(' ')
    bySignature.set(signature, [...(bySignature.get(signature) ?? []), i])
  })
  return [...bySignature.values()].map((members) => Int32Array.from(members))
}

/** Reduced costs are small integers, but the right-hand sides are the weights themselves. */
const PRECISION = 1e-12
const MOST_ATTEMPTS = 4
const MOST_PIVOTS = 3000

export interface LeastViolation {
  /** Summed amount by which limits are missed. */
  total: number
  /** One sum a class. */
  sums: Float64Array
  /** The limits that are missed by more than rounding. */
  missed: Limit[]
}

/**
 * The class sums (≥ 0, summing to 1) that miss the limits by the least amount in total, `hard` limits not at all; undefined
 * when the hard ones cannot all be met, or the simplex method ended without an answer in every order of the variables tried
 * (which takes hundreds of groups).
 */
export function leastViolation(
  classes: number,
  limits: readonly Limit[],
  hard: ReadonlySet<Limit> = new Set(),
): LeastViolation | undefined {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    // The simplex method may cycle; another order of the variables breaks the ties another way.
    const turned = Math.floor((attempt * classes) / MOST_ATTEMPTS)
    const answer = solve(elasticModel(classes, limits, hard, turned), {
      precision: PRECISION,
      maxPivots: MOST_PIVOTS,
    })
    if (answer.status === 'infeasible') return undefined
    if (answer.status !== 'optimal') continue
    const found = new Map(answer.variables)
    return {
      total: Math.max(0, answer.result),
      sums: Float64Array.from({ length: classes }, (_, s) => found.get(`sum ${s}`) ?? 0),
      missed: limits.filter((_, r) => (found.get(`miss ${r}`) ?? 0) > PRECISION * 10),
    }
  }
  return undefined
}

/** @param turned how many places the class variables are moved round */
function elasticModel(
  classes: number,
  limits: readonly Limit[],
  hard: ReadonlySet<Limit>,
  turned: number,
): Model {
  const constraints = new Map<string, Constraint>([['sum', { equal: 1 }]])
  const sums = Array.from({ length: classes }, () => new Map([['sum', 1]]))
  const misses: [string, Map<string, number>][] = []
  limits.forEach((limit, r) => {
    const row = `limit ${r}`
    const minimum = limit.side === 'minimum'
    constraints.set(row, minimum ? { min: limit.value } : { max: limit.value })
    for (const s of limit.classes) sums[s].set(row, 1)
    if (hard.has(limit)) return
    misses.push([
      `miss ${r}`,
      new Map([
        ['miss', 1],
        [row, minimum ? 1 : -1],
      ]),
    ])
  })
  const order = sums.map((_, s) => (s + turned) % classes)
  const variables: [string, Map<string, number>][] = [
    ...order.map((s): [string, Map<string, number>] => [`sum ${s}`, sums[s]]),
    ...misses,
  ]
  return { direction: 'minimize', objective: 'miss', constraints, variables }
}
