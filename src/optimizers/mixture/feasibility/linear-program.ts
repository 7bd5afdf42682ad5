import { type Constraint, solve } from 'yalps'
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

/** Limits that Σ = 1 and w ≥ 0 imply already are left out. */
export function classProgram(space: Space): ClassProgram {
  const classes = classesOf(space)
  const sumOver = (members: Int32Array, bound: Float64Array) =>
    members.reduce((sum, i) => sum + bound[i], 0)
  const limits: Limit[] = []
  const add = (indices: number[], minimum: number, maximum: number, group: number | null) => {
    if (minimum > 0) limits.push({ side: 'minimum', classes: indices, value: minimum, group })
    if (maximum < 1) limits.push({ side: 'maximum', classes: indices, value: maximum, group })
  }
  space.groups.forEach(({ members, minimum, maximum }, k) => {
    const inGroup = new Set(members)
    const indices = [...classes.keys()].filter((s) => inGroup.has(classes[s][0]))
    add(indices, minimum, maximum, k)
  })
  classes.forEach((members, s) => {
    add([s], sumOver(members, space.lower), sumOver(members, space.upper), null)
  })
  return { classes, limits }
}

function classesOf(space: Space): Int32Array[] {
  const groupsOf: number[][] = space.names.map(() => [])
  space.groups.forEach(({ members }, k) => {
    for (const i of members) groupsOf[i].push(k)
  })
  const bySignature = new Map<string, number[]>()
  groupsOf.forEach((groups, i) => {
    const signature = groups.join(' ')
    bySignature.set(signature, [...(bySignature.get(signature) ?? []), i])
  })
  return [...bySignature.values()].map((members) => Int32Array.from(members))
}

/** Reduced costs are small integers, but the right-hand sides are the weights themselves. */
const PRECISION = 1e-12

/**
 * The class sums (≥ 0, summing to 1) that miss the limits by the least amount in total, and that amount.
 * @throws Error when the simplex method ends without an answer in every order of the variables tried
 */
export function leastViolation(
  classes: number,
  limits: readonly Limit[],
): { total: number; sums: Float64Array } {
  for (let attempt = 0; attempt < 8; attempt++) {
    const constraints = new Map<string, Constraint>([['sum', { equal: 1 }]])
    const sums = Array.from({ length: classes }, () => new Map([['sum', 1]]))
    const misses = limits.map((limit, r) => {
      const minimum = limit.side === 'minimum'
      constraints.set(`${r}`, minimum ? { min: limit.value } : { max: limit.value })
      for (const s of limit.classes) sums[s].set(`${r}`, 1)
      return new Map([
        ['miss', 1],
        [`${r}`, minimum ? 1 : -1],
      ])
    })
    // The simplex method may cycle; another order of the variables breaks the ties another way.
    const turned = (attempt * classes) >> 3
    const order = [...sums.keys()].map((s) => (s + turned) % classes)
    const variables: [string, Map<string, number>][] = [
      ...order.map((s): [string, Map<string, number>] => [`sum ${s}`, sums[s]]),
      ...misses.map((miss, r): [string, Map<string, number>] => [`miss ${r}`, miss]),
    ]
    const model = { direction: 'minimize' as const, objective: 'miss', constraints, variables }
    const answer = solve(model, { precision: PRECISION })
    if (answer.status !== 'optimal') continue
    const found = new Map(answer.variables)
    return {
      total: Math.max(0, answer.result),
      sums: Float64Array.from(sums, (_, s) => found.get(`sum ${s}`) ?? 0),
    }
  }
  throw new Error('the linear program of the constraints could not be solved')
}
