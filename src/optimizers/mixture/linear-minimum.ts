import { type Constraint, type Model, solve } from 'yalps'
import type { Space } from './types.js'

/**
 * The least value of ⟨cost, w⟩ over the space: the linear problem inside duality gaps. Without groups it is exact in
 * O(m log m): start at the lower bounds and give the free mass to the cheapest domains. With groups it is a linear program.
 * @param cost m finite numbers
 */
export function linearMinimum(space: Space, cost: ArrayLike<number>): number {
  return space.groups.length === 0 ? cheapestFilling(space, cost) : linearProgram(space, cost)
}

function cheapestFilling(space: Space, cost: ArrayLike<number>): number {
  let value = 0
  let free = 1
  for (let j = 0; j < space.lower.length; j++) {
    value += cost[j] * space.lower[j]
    free -= space.lower[j]
  }
  const order = space.names.map((_, j) => j).sort((a, b) => cost[a] - cost[b])
  for (const j of order) {
    if (free <= 0) break
    const taken = Math.min(free, space.upper[j] - space.lower[j])
    value += cost[j] * taken
    free -= taken
  }
  return value
}

/** The variables are the excesses over the lower bounds, which the library takes as ≥ 0. */
function linearProgram(space: Space, cost: ArrayLike<number>): number {
  const constraints = new Map<string, Constraint>()
  const lowerSum = space.lower.reduce((sum, bound) => sum + bound, 0)
  constraints.set('sum', { equal: 1 - lowerSum })
  space.groups.forEach(({ members, minimum, maximum }, g) => {
    const base = members.reduce((sum, j) => sum + space.lower[j], 0)
    constraints.set(`group ${g}`, { min: minimum - base, max: maximum - base })
  })
  const variables = new Map<string, Map<string, number>>()
  space.names.forEach((_, j) => {
    constraints.set(`upper ${j}`, { max: space.upper[j] - space.lower[j] })
    const coefficients = new Map([
      ['cost', cost[j]],
      ['sum', 1],
      [`upper ${j}`, 1],
    ])
    space.groups.forEach(({ members }, g) => {
      if (members.includes(j)) coefficients.set(`group ${g}`, 1)
    })
    variables.set(String(j), coefficients)
  })
  const model: Model = { direction: 'minimize', objective: 'cost', constraints, variables }
  const base = space.lower.reduce((sum, bound, j) => sum + bound * cost[j], 0)
  return base + solve(model, { precision: 1e-11 }).result
}
