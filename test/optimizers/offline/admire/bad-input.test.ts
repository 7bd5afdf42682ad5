import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../../../src/optimizers/complete-problem.js'
import { admire } from '../../../../src/optimizers/offline/admire/index.js'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { assess } from '../../../../src/optimizers/offline/admire/situation.js'
import { createRng } from '../../../../src/optimizers/random.js'
import type { CompiledProblem, RunTable } from '../../../../src/optimizers/types.js'
import { type Given, picked, recommended, suggested } from './asking.js'
import { bowl, drawnMixtures, paramsWith, problemOf, runTable, SMALL_AND_LARGE } from './support.js'

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
  [
    'scores too large to be squared',
    {
      compiled: one,
      completed: [
        runTable(
          'large',
          rows,
          rows.map((row, i) => (i < 2 ? 1e300 : loss(row))),
        ),
      ],
    },
  ],
  [
    'standard errors too large to be squared',
    {
      compiled: one,
      completed: [
        runTable('large', rows, rows.map(loss), {
          standardErrors: new Map([['loss', Float64Array.from(rows, () => 1e200)]]),
        }),
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

  test('fidelities that cost as much as the target, or more, are learned from and never run', () => {
    const inverted = problemOf(3, [
      { name: 'dear', evaluator: 'table', cost: 2 },
      { name: 'same', evaluator: 'table', cost: 1 },
      { name: 'cheap', evaluator: 'table', cost: 0.1 },
      { name: 'large', evaluator: 'table', cost: 1, order: 9 },
    ])
    const rows = drawnMixtures(12, 3, 4)
    const loss = bowl([0.2, 0.2, 0.6])
    const completed = ['dear', 'same', 'cheap', 'large'].map((name) =>
      runTable(name, rows, rows.map(loss)),
    )
    const suggestions = (
      compiled: CompiledProblem,
      known: RunTable[],
      overrides: Partial<AdmireParams> = {},
    ) => {
      const fidelities = compiled.problem.fidelities.map(({ name }) => name)
      const input = {
        compiled,
        params: paramsWith({ candidates: 200, ...overrides }),
        completed: known,
        active: [],
      }
      return admire.suggest({ ...input, fidelities, count: 14, rng: createRng(1, 'suggest') })
    }
    const ask = (...given: Parameters<typeof suggestions>) =>
      suggestions(...given).map(({ fidelity }) => fidelity)
    for (const known of [[], completed]) {
      const asked = ask(inverted, known)
      expect(asked).toHaveLength(14)
      expect(asked.filter((name) => name !== 'cheap' && name !== 'large')).toEqual([])
    }
    expect(ask(inverted, [])).toContain('cheap')
    expect(new Set(ask(uncosted, []))).toEqual(new Set(['large']))
    for (const { reason } of suggestions(uncosted, [])) {
      expect(reason).toContain('A run at small costs no less than one at large')
    }
    const [{ reason }] = suggestions(problemOf(3, SMALL_AND_LARGE), [])
    expect(reason).not.toContain('costs no less')
    // To be measured, they have to be run: all of them, until every one was.
    const three = [
      { name: 'tiny', evaluator: 'table' as const },
      ...uncosted.problem.fidelities.map(({ name }) => ({ name, evaluator: 'table' as const })),
    ]
    for (const compiled of [uncosted, problemOf(3, three)]) {
      const names = compiled.problem.fidelities.map(({ name }) => name)
      const lower = names.slice(0, -1)
      expect(new Set(ask(compiled, [], { costs: 'measured' }))).toEqual(new Set(lower))
      const timed = names.map((name) =>
        runTable(name, rows, rows.map(loss), { seconds: new Float64Array(rows.length).fill(60) }),
      )
      // As long as one has no time it can be run; when all take as long, the target tells most.
      const partly = [...timed.slice(0, -1), runTable('large', rows, rows.map(loss))]
      expect(
        assess({
          compiled,
          params: paramsWith({ costs: 'measured' }),
          completed: partly,
          active: [],
          offered: names,
        }).offered,
      ).toHaveLength(names.length)
      expect(new Set(ask(compiled, timed, { costs: 'measured' }))).toEqual(new Set(['large']))
    }
    const situation = assess({
      compiled: inverted,
      params: paramsWith(),
      completed,
      active: [],
      offered: ['dear', 'same', 'cheap', 'large'],
    })
    expect(situation.runs.scores).toHaveLength(4 * rows.length)
  })

  test('one fidelity is refused where several are asked for', () => {
    expect(issuesOf(one, { form: 'mfbo' })).toEqual([
      { pointer: '/params/form', detail: expect.stringContaining('there is one, "large"') },
    ])
  })

  test('information is asked for only where runs are chosen by it', () => {
    const pointers = (compiled: CompiledProblem, overrides: Partial<AdmireParams>) =>
      issuesOf(compiled, { leastInformation: 0.1, ...overrides }).map(({ pointer }) => pointer)
    const refused = ['/params/leastInformation']
    expect(pointers(two, {})).toEqual([])
    expect(pointers(one, { acquisition: 'max-value-entropy' })).toEqual([])
    expect(pointers(one, {})).toEqual(refused)
    expect(pointers(two, { form: 'bo' })).toEqual(refused)
    expect(pointers(two, { acquisition: 'log-ei' })).toEqual(refused)
    expect(pointers(two, { leastInformation: null, form: 'bo' })).toEqual([])
  })

  test('a backtest is judged by its target and by where it tries mixtures', () => {
    const three = problemOf(3, [
      { name: 'small', evaluator: 'table', cost: 0.1 },
      { name: 'middle', evaluator: 'table', cost: 1 },
      { name: 'large', evaluator: 'table', cost: 0.5 },
    ])
    const issues = (target: string, fidelities: string[]) =>
      admire.validate(three, paramsWith({ form: 'mfbo' }), { target, fidelities })
    expect(issues('middle', ['small', 'middle'])).toEqual([])
    expect(issues('large', ['small', 'large'])).toEqual([])
    expect(issues('large', ['small', 'middle', 'large'])).toMatchObject([
      { pointer: '/problem/fidelities/1/cost' },
    ])
    expect(issues('large', ['large'])).toMatchObject([{ pointer: '/params/form' }])
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
