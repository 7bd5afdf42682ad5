import { describe, expect, test } from 'vitest'
import { codes, details, MIXTURES, problemWith, read } from './files.js'

const METRIC = 'eval/downstream/arc, easy (BPB v2)'
const problem = problemWith({ loss: 'minimize', [METRIC]: 'minimize' })

const API = [
  `name,State,config.mixture.web,config.mixture.code,config.lr,summary.loss,"summary.${METRIC}",summary.tokens`,
  'run-1,finished,0.7,0.3,0.001,2.5,0.875,1e9',
  '"run, 2",finished,0.25,0.75,0.001,2.25,,2e9',
  'run-3,crashed,1,0,0.001,9,9,1',
].join('\r\n')

describe('runs of Weights & Biases as CSV', () => {
  test('are read as the golden file says', async () => {
    const given = { problem, files: { 'runs.csv': API }, reading: { tokensFrom: 'summary.tokens' } }
    const { table, rows } = await read('wandb-csv', given)
    expect(table.problems).toEqual([])
    expect(rows).toEqual([
      { runId: 'run-1', weights: [0.7, 0.3], values: { loss: 2.5, [METRIC]: 0.875 }, tokens: 1e9 },
      { runId: 'run, 2', weights: [0.25, 0.75], values: { loss: 2.25 }, tokens: 2e9 },
    ])
    expect(codes(table)).toEqual(['runs-skipped', 'missing-values'])
    expect(table.warnings[0].message).toBe(
      '1 runs were left out because their state is crashed: "run-3"',
    )
    for (const pieceBytes of [1, 3, 1e6])
      expect((await read('wandb-csv', { ...given, pieceBytes })).rows).toEqual(rows)
  })

  test('as the browser exports them have no beginnings, and any column may be mapped', async () => {
    const text = `\ufeff"Name","share","mix_code","final loss","${METRIC}"\n"a","1","0","2","3"\n`
    const { rows } = await read('wandb-csv', {
      problem,
      files: { a: text },
      reading: {
        runIdFrom: 'Name',
        mixturePrefix: 'mix_',
        domainNames: { share: 'web' },
        metricNames: { 'final loss': 'loss' },
      },
    })
    expect(rows).toEqual([{ runId: 'a', weights: [1, 0], values: { loss: 2, [METRIC]: 3 } }])
  })

  test('may be joined with mixtures', async () => {
    const { rows } = await read('wandb-csv', {
      problem: problemWith({ loss: 'minimize' }),
      files: { a: 'name,loss\nrun-2,3\n' },
      mixtures: MIXTURES,
    })
    expect(rows).toEqual([{ runId: 'run-2', weights: [0.25, 0.75], values: { loss: 3 } }])
  })

  const HEAD = 'name,mixture.web,mixture.code,loss'
  test.each<[string, string, RegExp]>([
    [
      'a weight that is no number',
      `${HEAD}\na,much,0,1`,
      /"much" of the domain "web" in row 1 of "a" is not a number/,
    ],
    ['an empty weight', `${HEAD}\na,1,,1`, /of the domain "code" in row 1 of "a" is empty/],
    ['a NaN', `${HEAD}\na,1,0,NaN`, /not a finite number/],
    ['a row too short', `${HEAD}\na,1,0`, /row 1 of "a" has 3 cells and the header has 4/],
    [
      'the same name twice',
      `${HEAD}\na,1,0,1\na,1,0,1`,
      /"a" occurs twice, in row 1 of "a" and in row 2/,
    ],
    ['an empty name', `${HEAD}\n,1,0,1`, /the run id is empty/],
    ['no name', 'mixture.web,mixture.code,loss\n1,0,2', /no column "run", .* for the run's id/],
    [
      'no column of a domain',
      'name,mixture.web,loss\na,1,2',
      /no column for the weight of "code".*config.mixture.code/,
    ],
    [
      'an unknown domain',
      'name,mixture.web,mixture.code,mixture.cod,loss\na,1,0,0,2',
      /names no domain of the study; did you mean "code"/,
    ],
    [
      'two columns of a domain',
      'name,mixture.web,config.mixture.web,mixture.code,loss\na,1,1,0,2',
      /two columns of "a" are the domain "web"/,
    ],
    ['no rows', HEAD, /has a header and no rows/],
  ])('with %s are refused', async (_name, text, says) => {
    const given = { problem: problemWith({ loss: 'minimize' }), files: { a: text } }
    const { table, rows } = await read('wandb-csv', given)
    expect(details(table)[0]).toMatch(says)
    expect(table.problemCount).toBe(1)
    expect(rows).toEqual([])
  })

  test('are told a column that is not there', async () => {
    const given = { problem: problemWith({ loss: 'minimize' }), files: { a: `${HEAD}\na,1,0,1` } }
    const { table } = await read('wandb-csv', {
      ...given,
      reading: { tokensFrom: 'los', runIdFrom: 'nme' },
    })
    expect(details(table)).toEqual([
      expect.stringContaining('no column "nme" for the run\'s id'),
      expect.stringContaining('no column "los" for the tokens; did you mean "loss"?'),
    ])
  })
})
