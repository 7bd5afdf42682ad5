import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCsv, problemOf } from './tables.js'

/** Writes a cell as RFC 4180 asks. */
const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const name = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((text) => text.trim() === text && !/\p{Cc}/u.test(text))
  .filter((text) => !['run', 'run_id', 'index', 'name'].includes(text))
  .map((text) => `${text}·`)

/** Any value that a metric may have, the smallest doubles included. */
const finite = fc.double({ noNaN: true, min: -1e50, max: 1e50 }).map((value) => value + 0)

const table = fc
  .record({
    domains: fc.uniqueArray(name, { minLength: 2, maxLength: 6 }),
    metrics: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
    key: fc.constantFrom('run', 'run_id', 'index'),
    ids: fc.uniqueArray(name, { minLength: 1, maxLength: 8 }),
    prefixed: fc.boolean(),
  })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      cuts: fc.array(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
          minLength: shape.domains.length - 1,
          maxLength: shape.domains.length - 1,
        }),
        { minLength: shape.ids.length, maxLength: shape.ids.length },
      ),
      values: fc.array(
        fc.array(finite, { minLength: shape.metrics.length, maxLength: shape.metrics.length }),
        { minLength: shape.ids.length, maxLength: shape.ids.length },
      ),
    }),
  )

/** The lengths between sorted cuts of [0, 1]: non-negative, with sum 1 to rounding. */
function weightsBetween(cuts: number[]): number[] {
  const points = [0, ...cuts.toSorted((a, b) => a - b), 1]
  return points.slice(1).map((point, i) => point - points[i] + 0)
}

test('a table written as CSV comes back bit for bit', () => {
  fc.assert(
    fc.property(table, ({ shape, cuts, values }) => {
      const { domains, metrics, key, ids, prefixed } = shape
      const weights = cuts.map(weightsBetween)
      const write = (header: string[], rows: number[][]) =>
        [header, ...rows.map((row, i) => [ids[i], ...row.map(String)])]
          .map((cells) => cells.map(cell).join(','))
          .join('\r\n')
      const mixtures = write([key, ...domains.map((d) => (prefixed ? `train_${d}` : d))], weights)
      const metricsFile = write(
        [key, ...metrics.map((m) => (prefixed ? `metric/${m}` : m))],
        values,
      )
      const { table, rows } = parseCsv(mixtures, metricsFile, {
        problem: problemOf(domains, metrics),
      })
      expect(table.problems).toEqual([])
      expect(rows).toEqual(
        ids.map((runId, i) => ({
          runId,
          weights: weights[i],
          values: Object.fromEntries(metrics.map((metric, k) => [metric, values[i][k]])),
        })),
      )
    }),
    { numRuns: 200 },
  )
})
