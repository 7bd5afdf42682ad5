import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../../../src/optimizers/complete-problem.js'
import { largestViolation } from '../../../../src/optimizers/mixture/index.js'
import { admire } from '../../../../src/optimizers/offline/admire/index.js'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import type { CompiledProblem, RunTable } from '../../../../src/optimizers/types.js'
import { faultsOf } from './searching.js'
import {
  bowl,
  drawnMixtures,
  noRuns,
  paramsWith,
  problemOf,
  runTable,
  SMALL_AND_LARGE,
} from './support.js'

interface Given {
  compiled: CompiledProblem
  completed: readonly RunTable[]
  overrides?: Partial<AdmireParams>
}

const quick: Partial<AdmireParams> = { candidates: 200 }

/** Three suggestions, feasible and new, as rows. */
function suggested({ compiled, completed, overrides }: Given): number[][] {
  const { space, problem } = compiled
  const suggestions = admire.suggest({
    compiled,
    params: paramsWith({ ...quick, ...overrides }),
    completed,
    active: [],
    fidelities: problem.fidelities.map(({ name }) => name),
    count: 3,
    rng: createRng(1, 'suggest'),
  })
  const rows = suggestions.map(({ weights }) => space.names.map((name) => weights[name]))
  const all = [
    ...completed.flatMap(({ fidelity, normalised: { data, columns, rows: count } }) =>
      Array.from({ length: count }, (_, i) => ({
        fidelity,
        row: Array.from(data.subarray(i * columns, (i + 1) * columns)),
      })),
    ),
    ...rows.map((row, i) => ({ fidelity: suggestions[i].fidelity, row })),
  ]
  const tables = completed.reduce((sum, { normalised }) => sum + normalised.rows, 0)
  // The runs given may repeat and violate what they like.
  expect(faultsOf(compiled, all.slice(tables)).violation).toBeLessThanOrEqual(1e-9)
  expect(faultsOf(compiled, all).duplicates).toBe(
    faultsOf(compiled, all.slice(0, tables)).duplicates,
  )
  return rows
}

function picked({ compiled, completed, overrides }: Given): number | undefined {
  const domains = compiled.space.names.length
  return admire.pick({
    compiled,
    params: paramsWith({ ...quick, ...overrides }),
    completed,
    active: [],
    target: compiled.problem.fidelities.at(-1)?.name ?? '',
    candidates: rowMatrixFrom(drawnMixtures(5, domains, 44)),
    rng: createRng(1, 'suggest'),
  })
}

function recommended({ compiled, completed, overrides }: Given) {
  const target = compiled.problem.fidelities.at(-1)?.name ?? ''
  const own = completed.find(({ fidelity }) => fidelity === target)
  const { recommendation } = admire.recommend({
    compiled,
    params: paramsWith({ ...quick, ...overrides }),
    completed: own ?? noRuns(target, compiled.space.names.length),
    others: completed.filter((table) => table !== own),
    holdouts: [],
    surrogate: 'auto',
    seed: 1,
  })
  const weights = compiled.space.names.map((name) => recommendation.weights[name])
  expect(largestViolation(compiled.space, weights)).toBeLessThanOrEqual(1e-9)
  return { weights, warnings: recommendation.warnings.map(({ code }) => code), recommendation }
}

const rows = drawnMixtures(12, 3, 1)
const loss = bowl([0.5, 0.3, 0.2])
const one = problemOf(3)
const two = problemOf(3, SMALL_AND_LARGE)

/** What has to be answered, with some answer. */
const ANSWERED: [string, Given][] = [
  [
    'all scores equal',
    {
      compiled: one,
      completed: [
        runTable(
          'large',
          rows,
          rows.map(() => 2),
        ),
      ],
    },
  ],
  ['one run only', { compiled: one, completed: [runTable('large', rows.slice(0, 1), [2])] }],
  [
    'one run, repeated',
    { compiled: one, completed: [runTable('large', Array(4).fill(rows[0]), [2, 2.1, 1.9, 2])] },
  ],
  [
    'two fidelities with one run each',
    {
      compiled: two,
      completed: [
        runTable('small', rows.slice(0, 1), [3]),
        runTable('large', rows.slice(1, 2), [2]),
      ],
    },
  ],
  [
    'two fidelities with the same run',
    {
      compiled: two,
      completed: [
        runTable('small', rows.slice(0, 1), [3]),
        runTable('large', rows.slice(0, 1), [2]),
      ],
    },
  ],
  [
    'runs below the target only',
    { compiled: two, completed: [runTable('small', rows, rows.map(loss))] },
  ],
  [
    'a constant fidelity below the target',
    {
      compiled: two,
      completed: [
        runTable(
          'small',
          rows,
          rows.map(() => 1),
        ),
        runTable('large', rows.slice(0, 6), rows.slice(0, 6).map(loss)),
      ],
    },
  ],
  [
    'fidelities without a cost',
    {
      compiled: problemOf(
        3,
        SMALL_AND_LARGE.map(({ name, evaluator }) => ({ name, evaluator })),
      ),
      completed: [
        runTable('small', rows, rows.map(loss)),
        runTable('large', rows.slice(0, 4), rows.slice(0, 4).map(loss)),
      ],
    },
  ],
  [
    'some scores that are no numbers',
    {
      compiled: one,
      completed: [
        runTable(
          'large',
          rows,
          rows.map((row, i) => (i % 3 === 0 ? Number.NaN : loss(row))),
        ),
      ],
    },
  ],
  [
    'a score that is infinite, and one that is huge',
    {
      compiled: one,
      completed: [
        runTable(
          'large',
          rows,
          rows.map((row, i) => (i === 0 ? Number.POSITIVE_INFINITY : i === 1 ? 1e200 : loss(row))),
        ),
      ],
    },
  ],
  [
    'two domains',
    {
      compiled: problemOf(2),
      completed: [
        runTable('large', drawnMixtures(8, 2, 2), drawnMixtures(8, 2, 2).map(bowl([0.4, 0.6]))),
      ],
    },
  ],
  [
    'fixed weights',
    {
      compiled: problemOf(4, undefined, {
        domains: [
          { name: 'd0', fixedWeight: 0.3 },
          { name: 'd1' },
          { name: 'd2' },
          { name: 'd3', fixedWeight: 0.1 },
        ],
      }),
      completed: [
        runTable(
          'large',
          drawnMixtures(8, 2, 3).map(([a, b]) => [0.3, 0.6 * a, 0.6 * b, 0.1]),
          drawnMixtures(8, 2, 3).map(bowl([0.4, 0.6])),
        ),
      ],
    },
  ],
]

describe('answers to', () => {
  test.each(ANSWERED)('%s', (_, given) => {
    expect(suggested(given)).toHaveLength(3)
    expect(picked(given)).toBeTypeOf('number')
    recommended(given)
  })

  test('the same with every acquisition, kernel and form', () => {
    const forms: Partial<AdmireParams>[] = [
      { acquisition: 'log-ei', kernel: 'rbf', inputs: 'raw' },
      { acquisition: 'log-noisy-ei', inputs: 'ilr' },
      { acquisition: 'max-value-entropy', inputs: 'min-max' },
      { acquisition: 'knowledge-gradient', fidelityKernel: 'ar1' },
      { form: 'bo' },
      { replicate: true },
    ]
    for (const overrides of forms)
      for (const [, given] of ANSWERED.slice(0, 7)) {
        suggested({ ...given, overrides: { ...overrides, candidates: 100, fantasies: 2 } })
        picked({ ...given, overrides })
      }
  })
})

describe('no scores', () => {
  const nothing = {
    compiled: one,
    completed: [runTable('large', rows.slice(0, 4), Array(4).fill(Number.NaN))],
  }

  test('leave the search to its design, which does not come back to these mixtures', () => {
    expect(suggested(nothing)).toHaveLength(3)
    expect(suggested({ compiled: one, completed: [] })).toHaveLength(3)
    const design = suggested({ compiled: one, completed: [] })
    const again = suggested({
      compiled: one,
      completed: [
        runTable(
          'large',
          design,
          design.map(() => Number.NaN),
        ),
      ],
    })
    for (const row of again) expect(design).not.toContainEqual(row)
  })

  test('leave nothing to pick by, and are refused for a recommendation with the reason', () => {
    expect(picked(nothing)).toBeUndefined()
    expect(() => recommended(nothing)).toThrow(
      expect.objectContaining({
        code: 'too-few-runs',
        issues: [
          { pointer: '/runs', detail: expect.stringContaining('every metric of the objective') },
        ],
      }),
    )
  })
})

describe('before any run', () => {
  const issuesOf = (compiled: CompiledProblem, overrides: Partial<AdmireParams>) =>
    admire.validate(compiled, paramsWith(overrides))
  const uncosted = problemOf(
    3,
    SMALL_AND_LARGE.map(({ name, evaluator }) => ({ name, evaluator })),
  )

  test('several fidelities that cost the same are refused, where they are asked for', () => {
    const [issue, ...more] = issuesOf(uncosted, { form: 'mfbo' })
    expect(more).toEqual([])
    expect(issue.pointer).toBe('/problem/fidelities/0/cost')
    expect(issue.detail).toContain('`costs` to `measured`')
    expect(issuesOf(uncosted, { form: 'mfbo', costs: 'measured' })).toEqual([])
    expect(issuesOf(uncosted, {})).toEqual([])
    expect(issuesOf(two, { form: 'mfbo' })).toEqual([])
  })

  test('one fidelity is refused where several are asked for', () => {
    expect(issuesOf(one, { form: 'mfbo' })).toEqual([
      { pointer: '/params/form', detail: expect.stringContaining('has one, "large"') },
    ])
  })

  test('bounds that contradict each other are refused', () => {
    expect(() =>
      compileProblem({
        domains: [
          { name: 'a', minWeight: 0.7 },
          { name: 'b', minWeight: 0.6 },
        ],
        metrics: [{ name: 'loss' }],
      }),
    ).toThrow(expect.objectContaining({ code: 'infeasible-space' }))
  })
})

test('a space that is one mixture has that tried once, at each fidelity, and then no more', () => {
  const compiled = problemOf(2, SMALL_AND_LARGE, {
    domains: [{ name: 'd0', fixedWeight: 0.25 }, { name: 'd1' }],
  })
  const only = [[0.25, 0.75]]
  expect(suggested({ compiled, completed: [] })).toEqual([...only, ...only])
  const small = runTable('small', only, [3])
  expect(suggested({ compiled, completed: [small] })).toEqual(only)
  const both = { compiled, completed: [small, runTable('large', only, [2])] }
  expect(suggested(both)).toEqual([])
  expect(recommended(both).weights).toEqual(only[0])
})

test('200 domains are answered', () => {
  const many = drawnMixtures(40, 200, 5)
  const given = {
    compiled: problemOf(200),
    completed: [
      runTable(
        'large',
        many,
        many.map((row) => 2 + row[0] - row[1]),
      ),
    ],
    overrides: { starts: 1 },
  }
  expect(suggested(given)).toHaveLength(3)
  expect(picked(given)).toBeTypeOf('number')
  expect(recommended(given).weights).toHaveLength(200)
})

test('5,000 observations are answered within a minute, from a part of them, which is said', () => {
  const all = drawnMixtures(5000, 3, 6)
  const noise = createRng(6, 'noise')
  const losses = all.map((row) => loss(row) + 0.02 * noise.normal())
  const given = {
    compiled: two,
    completed: [
      runTable(
        'small',
        all.slice(0, 4000),
        losses.slice(0, 4000).map((value) => value + 1),
      ),
      runTable('large', all.slice(4000), losses.slice(4000)),
    ],
    overrides: { starts: 1, maxima: 2 },
  }
  const begin = process.hrtime.bigint()
  const [next] = admire.suggest({
    compiled: two,
    params: paramsWith({ ...quick, ...given.overrides }),
    completed: given.completed,
    active: [],
    fidelities: ['small', 'large'],
    count: 1,
    rng: createRng(1, 'suggest'),
  })
  expect(next.weights).toHaveProperty('d0')
  const { warnings, weights } = recommended(given)
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  expect(seconds).toBeLessThan(60)
  expect(warnings).toContain('runs-left-out')
  expect(loss(weights) - 2).toBeLessThan(0.01)
})
