import fc from 'fast-check'
import { compileSpace } from '../../../src/optimizers/mixture/index.js'
import type { Space } from '../../../src/optimizers/mixture/types.js'
import type { SpaceSpec } from '../../../src/optimizers/problem.js'

/** A random space together with a mixture that lies in it, up to rounding. */
export interface AnchoredSpace {
  space: Space
  anchor: Float64Array
}

const clamp = (value: number) => Math.min(1, Math.max(0, value))

/** Often exactly 0 (constraints without slack), else of several sizes. */
const slack = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 0.4, noNaN: true }),
  fc.double({ min: 0, max: 1e-3, noNaN: true }),
)

const bounds = fc.record({
  below: fc.option(slack, { nil: undefined }),
  above: fc.option(slack, { nil: undefined }),
})

/** Spaces that are not empty: bounds, repetition caps and overlapping groups are put around a random mixture. */
export function anchoredSpaces(mostGroups: number, mostDomains = 12): fc.Arbitrary<AnchoredSpace> {
  return fc
    .integer({ min: 2, max: mostDomains })
    .chain((m) =>
      fc.record({
        parts: fc
          .array(fc.integer({ min: 0, max: 20 }), { minLength: m, maxLength: m })
          .filter((parts) => parts.some((part) => part > 0)),
        domains: fc.array(fc.record({ bounds, capped: fc.boolean() }), {
          minLength: m,
          maxLength: m,
        }),
        groups: fc.array(
          fc.record({
            bounds,
            members: fc.array(fc.boolean(), { minLength: m, maxLength: m }),
          }),
          { maxLength: mostGroups },
        ),
      }),
    )
    .map(({ parts, domains, groups }) => {
      const total = parts.reduce((a, b) => a + b, 0)
      const anchor = Float64Array.from(parts, (part) => part / total)
      const spec: SpaceSpec = {
        targetTokens: 1000,
        domains: domains.map(({ bounds: { below, above }, capped }, i) => {
          const upper = above === undefined ? undefined : clamp(anchor[i] + above)
          return {
            name: `d${i}`,
            minWeight: below === undefined ? undefined : clamp(anchor[i] - below),
            ...(upper !== undefined && capped && upper > 0
              ? { tokens: upper * 1000, maxEpochs: 1 }
              : { maxWeight: upper }),
          }
        }),
        groups: groups
          .filter(({ members }) => members.some(Boolean))
          .map(({ members, bounds: { below, above } }, k) => {
            const sum = anchor.reduce((a, w, i) => (members[i] ? a + w : a), 0)
            return {
              name: `g${k}`,
              domains: members.flatMap((member, i) => (member ? [`d${i}`] : [])),
              minWeight: below === undefined ? undefined : clamp(sum - below),
              maxWeight: above === undefined ? undefined : clamp(sum + above),
            }
          }),
      }
      return { space: compileSpace(spec), anchor }
    })
}

/** Spaces that may well be empty: bounds and groups at random. */
export const anySpaces: fc.Arbitrary<Space> = fc.integer({ min: 2, max: 7 }).chain((m) => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 10 }))
    .map(([a, b]) => ({ minWeight: Math.min(a, b) ** 2 / 150, maxWeight: Math.max(a, b) / 10 }))
  return fc
    .record({
      domains: fc.array(range, { minLength: m, maxLength: m }),
      groups: fc.array(
        fc.record({ range, members: fc.array(fc.boolean(), { minLength: m, maxLength: m }) }),
        { maxLength: 5 },
      ),
    })
    .map(({ domains, groups }) =>
      compileSpace({
        domains: domains.map((domain, i) => ({
          name: `d${i}`,
          minWeight: Math.min(domain.minWeight / m, domain.maxWeight),
          maxWeight: domain.maxWeight,
        })),
        groups: groups
          .filter(({ members }) => members.some(Boolean))
          .map(({ members, range: limits }, k) => ({
            name: `g${k}`,
            domains: members.flatMap((member, i) => (member ? [`d${i}`] : [])),
            ...limits,
          })),
      }),
    )
})

export const pointIn = (m: number, minimum: number, maximum: number) =>
  fc.array(fc.double({ min: minimum, max: maximum, noNaN: true }), { minLength: m, maxLength: m })
