import { describe, expect, test } from 'vitest'
import { type BacktestTable, backtestIssues } from '../../../src/optimizers/backtest/index.js'
import { anything, backtestTable, entryOf, runsWith } from './support.js'

const small = runsWith('small', [3, 2, 1])
const big = runsWith('big', [3, 2, 1])
const table = backtestTable([small, big], { costs: { small: 0.1, big: 2 }, target: 'big' })
const entries = [entryOf(anything)]
const terms = { budget: 5, givenCosts: new Set(['small', 'big']) }
const unmeasured = { ...small, values: new Map([['loss', new Float64Array(3).fill(Number.NaN)]]) }

const oneMeasured = runsWith('big', [3, Number.NaN, Number.POSITIVE_INFINITY])

describe('before anything is computed', () => {
  test('nothing is wrong with what can be replayed', () => {
    expect(backtestIssues(table, entries, terms)).toEqual([])
    expect(
      backtestIssues(table, [entryOf(anything, { fidelities: ['big', 'small'] })], {
        budget: 0.1,
        givenCosts: new Map(Object.entries({ small: 0.1, big: 2 })),
      }),
    ).toEqual([])
  })

  test('one fidelity needs no cost: its runs are the unit', () => {
    const alone = backtestTable([big], { target: 'big' })
    expect(backtestIssues(alone, entries, { budget: 1, givenCosts: new Set() })).toEqual([])
  })

  const change = (changes: Partial<BacktestTable>) => ({ ...table, ...changes })
  test.each([
    [
      'a target without runs',
      change({ target: 'vast' }),
      '/target',
      'There are no runs at the target "vast"; there are runs at "small", "big".',
    ],
    [
      'no tables',
      change({ tables: [] }),
      '/target',
      'There are no runs at the target "big"; there are runs at no fidelity.',
    ],
    [
      'one candidate',
      change({ tables: [small, oneMeasured] }),
      '/target',
      'Mixtures are chosen among the runs at the target "big" that have every metric of the objective: at least 2 are needed, there is 1.',
    ],
    [
      'runs without scores',
      change({ tables: [unmeasured, big] }),
      '/tables/0',
      'No run at "small" has a finite number for every metric of the objective; leave the fidelity out, or give its results.',
    ],
    [
      'two tables of a fidelity',
      change({ tables: [small, big, small] }),
      '/tables/2/fidelity',
      'The runs at "small" are already in table 0; a fidelity has one table.',
    ],
  ])('%s is told', (_, wrong, pointer, detail) => {
    expect(backtestIssues(wrong, entries, terms)).toEqual([{ pointer, detail }])
  })

  test('of many fidelities the first are named', () => {
    const names = Array.from({ length: 13 }, (_, i) => `f${i}`)
    const many = backtestTable(
      names.map((name) => runsWith(name, [1, 2])),
      { target: 'f0' },
    )
    const wrong = [entryOf(anything, { fidelities: ['vast'] })]
    const [{ detail }] = backtestIssues(many, wrong, { budget: 9, givenCosts: new Set(names) })
    expect(detail).toMatch(/"f8", "f9" and 3 more\.$/)
  })

  test('a fidelity that the problem lacks is told', () => {
    const wrong = change({ tables: [small, big, runsWith('vast', [1])] })
    const all = { ...terms, givenCosts: new Set(['small', 'big', 'vast']) }
    expect(backtestIssues(wrong, entries, all)).toEqual([
      {
        pointer: '/tables/2/fidelity',
        detail: 'The problem has no fidelity "vast"; it has "small", "big".',
      },
    ])
  })

  test('every fidelity whose cost was not given is told, where there are several', () => {
    const named = backtestTable([runsWith('1/4', [1, 2]), big], { target: 'big' })
    expect(backtestIssues(named, entries, { budget: 9, givenCosts: new Set(['big']) })).toEqual([
      {
        pointer: '/costs/1~14',
        detail:
          'What a run at "1/4" costs was not given; between 2 fidelities a method cannot choose without.',
      },
    ])
  })

  test.each([
    [0.05, 'A budget of 0.05 does not pay for one run: the cheapest, at "small", costs 0.1.'],
    [0, 'The budget is a number above 0, in the unit of the costs, not 0.'],
    [Number.NaN, 'The budget is a number above 0, in the unit of the costs, not NaN.'],
    [
      Number.POSITIVE_INFINITY,
      'The budget is a number above 0, in the unit of the costs, not Infinity.',
    ],
  ])('a budget of %s is told', (budget, detail) => {
    expect(backtestIssues(table, entries, { ...terms, budget })).toEqual([
      { pointer: '/budget', detail },
    ])
  })

  test('entries that cannot be told apart, or may try nothing, are told all at once', () => {
    const wrong = [
      entryOf(anything, { label: 'x', fidelities: ['small', 'vast', 'small'] }),
      entryOf(anything, { label: 'y', fidelities: [] }),
      entryOf(anything, { label: 'x' }),
    ]
    expect(backtestIssues(table, wrong, terms)).toEqual([
      {
        pointer: '/entries/2/label',
        detail: 'The label "x" is already taken by /entries/0; labels must differ.',
      },
      {
        pointer: '/entries/0/fidelities/1',
        detail: 'There are no runs at "vast"; there are runs at "small", "big".',
      },
      { pointer: '/entries/0/fidelities/2', detail: '"small" is named twice.' },
      {
        pointer: '/entries/1/fidelities',
        detail: '"y" needs a fidelity to try mixtures at; leave it out for all.',
      },
    ])
    expect(backtestIssues(table, [], terms)).toEqual([
      { pointer: '/entries', detail: 'At least one method to replay is needed.' },
    ])
  })
})
