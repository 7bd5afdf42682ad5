import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FileFormat } from '../../../src/formats/importers/index.js'
import { read } from './files.js'
import { problemOf } from './tables.js'

/** Random runs written in each format come back as they were, whatever the names and the pieces the bytes arrive in. */

interface Run {
  id: string
  weights: number[]
  values: number[]
  errors: number[]
  tokens: number
}

interface Case {
  domains: string[]
  metrics: string[]
  runs: Run[]
  pieceBytes: number
}

const text = fc
  .string({ minLength: 1, maxLength: 10, unit: 'grapheme' })
  .filter((name) => name.trim() === name && !/[\p{Cc}\p{Cs}]/u.test(name))
/** What no format has a meaning for. */
const name = text.map((word) => `${word}·[0] (v2)/x`)
const id = text.filter((word) => !/[\\/.]/.test(word)).map((word) => `${word}·id`)
const value = fc.double({ noNaN: true, min: -1e50, max: 1e50 }).map((number) => number + 0)
const positive = fc.double({ noNaN: true, min: 1, max: 1e15 })
const list = <T>(of: fc.Arbitrary<T>, length: number) =>
  fc.array(of, { minLength: length, maxLength: length })

/** The lengths between sorted cuts of [0, 1]: non-negative, with sum 1 to rounding. */
const weightsBetween = (cuts: number[]) => {
  const points = [0, ...cuts.toSorted((a, b) => a - b), 1]
  return points.slice(1).map((point, i) => point - points[i] + 0)
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    domains: fc.uniqueArray(name, { minLength: 2, maxLength: 5 }),
    metrics: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
    ids: fc.uniqueArray(id, { minLength: 1, maxLength: 6 }),
    pieceBytes: fc.integer({ min: 1, max: 200 }),
  })
  .chain(({ domains, metrics, ids, pieceBytes }) => {
    const cuts = list(fc.double({ min: 0, max: 1, noNaN: true }), domains.length - 1)
    const run = fc.record({
      weights: cuts.map(weightsBetween),
      values: list(value, metrics.length),
      errors: list(positive, metrics.length),
      tokens: positive,
    })
    return list(run, ids.length).map((runs) => ({
      domains,
      metrics,
      pieceBytes,
      runs: runs.map((one, i) => ({ id: ids[i], ...one })),
    }))
  })

const named = <T>(names: string[], values: T[]) =>
  Object.fromEntries(names.map((one, i) => [one, values[i]]))
const cell = (content: unknown) => `"${String(content).replaceAll('"', '""')}"`
const csv = (rows: unknown[][]) => rows.map((row) => row.map(cell).join(',')).join('\r\n')

const mixturesCsv = ({ domains, runs }: Case) =>
  csv([['run', ...domains], ...runs.map((run) => [run.id, ...run.weights])])
const mixturesJsonl = ({ domains, runs }: Case) =>
  runs
    .map((run) => JSON.stringify({ run: run.id, mixture: named(domains, run.weights) }))
    .join('\n')

interface Written {
  files: Record<string, unknown>
  mixtures?: string
  reading?: object
  /** Name of a metric of the study → what it is called in the study when it is read from the files. */
  metrics?: (name: string) => string
  has: { errors?: boolean; tokens?: boolean }
}

const WRITERS: Record<FileFormat, (given: Case) => Written> = {
  jsonl: ({ domains, metrics, runs }) => ({
    files: {
      'runs.jsonl': runs
        .map((run) =>
          JSON.stringify({
            run: run.id,
            mixture: named(domains, run.weights),
            values: named(metrics, run.values),
            standardErrors: named(metrics, run.errors),
            tokens: run.tokens,
          }),
        )
        .join('\n'),
    },
    has: { errors: true, tokens: true },
  }),
  'lm-eval': (given) => ({
    files: Object.fromEntries(
      given.runs.map((run) => [
        `out/${run.id}/results_2026.json`,
        {
          results: named(
            given.metrics,
            run.values.map((one, i) => ({ 'acc,none': one, 'acc_stderr,none': run.errors[i] })),
          ),
          versions: {},
        },
      ]),
    ),
    mixtures: mixturesCsv(given),
    metrics: (one) => `${one}/acc`,
    has: { errors: true },
  }),
  olmes: (given) => ({
    files: Object.fromEntries(
      given.runs.map((run) => [
        `${run.id}/metrics-all.jsonl`,
        given.metrics
          .map((one, i) =>
            JSON.stringify({ task_name: one, metrics: { primary_score: run.values[i] } }),
          )
          .join('\n'),
      ]),
    ),
    mixtures: mixturesJsonl(given),
    metrics: (one) => `${one}/primary_score`,
    has: {},
  }),
  mlflow: ({ domains, metrics, runs }) => ({
    files: {
      'search.json': {
        runs: runs.map((run) => ({
          info: { run_id: run.id, status: 'FINISHED' },
          data: {
            metrics: [
              ...metrics.map((key, i) => ({ key, value: run.values[i], timestamp: 2, step: 1 })),
              { key: '#tokens', value: run.tokens, timestamp: 2, step: 1 },
            ],
            params: domains.map((key, i) => ({
              key: `mixture.${key}`,
              value: String(run.weights[i]),
            })),
          },
        })),
      },
    },
    reading: { tokensFrom: '#tokens' },
    has: { tokens: true },
  }),
  'wandb-csv': ({ domains, metrics, runs }) => ({
    files: {
      'runs.csv': csv([
        [
          'name',
          ...domains.map((one) => `config.mixture.${one}`),
          '#tokens',
          ...metrics.map((one) => `summary.${one}`),
        ],
        ...runs.map((run) => [run.id, ...run.weights, run.tokens, ...run.values]),
      ]),
    },
    reading: { tokensFrom: '#tokens' },
    has: { tokens: true },
  }),
  'hf-trainer': (given) => ({
    files: Object.fromEntries(
      given.runs.map((run) => [
        `${run.id}/checkpoint-7/trainer_state.json`,
        {
          global_step: 7,
          num_input_tokens_seen: run.tokens,
          log_history: given.metrics.map((one, i) => ({
            step: 7,
            [`eval_${one}_loss`]: run.values[i],
          })),
        },
      ]),
    ),
    mixtures: mixturesCsv(given),
    metrics: (one) => `eval_${one}_loss`,
    has: { tokens: true },
  }),
}

test.each(Object.keys(WRITERS) as FileFormat[])(
  'runs written as %s come back bit for bit',
  async (format) => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const { metrics: rename = (one: string) => one, has, ...written } = WRITERS[format](given)
        const metrics = given.metrics.map(rename)
        const problem = problemOf(given.domains, metrics)
        const { pieceBytes } = given
        const { table, rows } = await read(format, { problem, pieceBytes, ...written })
        expect(table.problems).toEqual([])
        expect(rows).toEqual(
          given.runs.map((run) => ({
            runId: run.id,
            weights: run.weights,
            values: named(metrics, run.values),
            ...(has.errors && { standardErrors: named(metrics, run.errors) }),
            ...(has.tokens && { tokens: run.tokens }),
          })),
        )
      }),
      { numRuns: 60 },
    )
  },
)
