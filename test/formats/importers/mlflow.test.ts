import { describe, expect, test } from 'vitest'
import { codes, details, MIXTURES, problemWith, read } from './files.js'

const problem = problemWith({ loss: 'minimize', 'eval/downstream/arc (BPB v2)': 'minimize' })

/** As `runs/search` answers: parameters are text, a metric may come with each of its steps. */
const run = (id: string, change: { info?: object; data?: object } = {}) => ({
  info: {
    run_id: id,
    run_name: `name of ${id}`,
    status: 'FINISHED',
    start_time: 1762070000000,
    ...change.info,
  },
  data: {
    metrics: [
      { key: 'loss', value: 3, timestamp: 1762070000000, step: 0 },
      { key: 'loss', value: 2.5, timestamp: 1762079000000, step: 200 },
      { key: 'loss', value: 2.75, timestamp: 1762078000000, step: 100 },
      { key: 'eval/downstream/arc (BPB v2)', value: 0.875, timestamp: 1762079000000, step: 200 },
      { key: 'tokens', value: 1e9, timestamp: 1762079000000, step: 200 },
    ],
    params: [
      { key: 'mixture.web', value: '0.7' },
      { key: 'mixture.code', value: '3e-1' },
      { key: 'lr', value: '0.001' },
    ],
    tags: [{ key: 'mlflow.user', value: 'a' }],
    ...change.data,
  },
})

const RUN_1 = {
  runId: 'run-1',
  weights: [0.7, 0.3],
  values: { loss: 2.5, 'eval/downstream/arc (BPB v2)': 0.875 },
  tokens: 1e9,
}
const reading = { tokensFrom: 'tokens' }

describe('runs of MLflow', () => {
  test.each([
    ['runs/search', { runs: [run('run-1')] }],
    ['runs/get', { run: run('run-1') }],
  ])('as %s answers are read as the golden file says', async (_name, content) => {
    const { table, rows } = await read('mlflow', { problem, files: { a: content }, reading })
    expect(table.problems).toEqual([])
    expect(rows).toEqual([RUN_1])
    expect(codes(table)).toEqual([])
  })

  test('that failed, were killed or are still running are left out with a warning', async () => {
    const statuses = ['FINISHED', 'FAILED', 'KILLED', 'FAILED', 'RUNNING']
    const runs = statuses.map((status, i) => run(`run-${i + 1}`, { info: { status } }))
    const { table, rows } = await read('mlflow', { problem, files: { a: { runs } }, reading })
    expect(rows).toEqual([RUN_1])
    expect(table.warnings.map(({ message }) => message)).toEqual([
      '2 runs were left out because their status is FAILED: "run-2", "run-4"',
      '1 runs were left out because their status is KILLED: "run-3"',
      '1 runs were left out because their status is RUNNING: "run-5"',
    ])
    const failed = { runs: [run('run-1', { info: { status: 'FAILED' } })] }
    const none = await read('mlflow', { problem, files: { a: failed } })
    expect(details(none.table)[0]).toMatch(/no run that can be imported; 1 runs were left out/)
  })

  test('may be named by their names, and joined with mixtures', async () => {
    const { rows } = await read('mlflow', {
      problem,
      files: { a: { runs: [run('x', { info: { run_name: 'run-2' } })] } },
      mixtures: MIXTURES,
      reading: { runIdFrom: 'run_name' },
    })
    expect(rows).toMatchObject([{ runId: 'run-2', weights: [0.25, 0.75] }])
  })

  test('have their weights where a prefix or a map says', async () => {
    const data = {
      params: [
        { key: 'w/web', value: '0.6' },
        { key: 'code_share', value: '0.4' },
      ],
    }
    const files = { a: { runs: [run('a', { data })] } }
    const found = await read('mlflow', {
      problem,
      files,
      reading: { mixturePrefix: 'w/', domainNames: { code_share: 'code' } },
    })
    expect(found.rows[0].weights).toEqual([0.6, 0.4])
    const { table } = await read('mlflow', { problem, files })
    expect(details(table)[0]).toContain(
      'say where the weights are (`mixturePrefix`, `domainNames`)',
    )
    const bare = {
      params: [
        { key: 'web', value: '1' },
        { key: 'code', value: '0' },
      ],
    }
    const exact = await read('mlflow', {
      problem,
      files: { a: { run: run('a', { data: bare }) } },
      reading: { mixturePrefix: '' },
    })
    expect(exact.rows[0].weights).toEqual([1, 0])
  })

  test.each<[string, object, RegExp]>([
    [
      'a parameter that is no number',
      {
        params: [
          { key: 'mixture.web', value: 'much' },
          { key: 'mixture.code', value: '1' },
        ],
      },
      /"much" of the domain "web" in run 0 \(from 0\) of "a" is not a number/,
    ],
    [
      'a domain that is misspelt',
      {
        params: [
          { key: 'mixture.web', value: '1' },
          { key: 'mixture.cod', value: '0' },
        ],
      },
      /"cod", which is no domain of the study; did you mean "code"/,
    ],
    [
      'a metric that diverged',
      { metrics: [{ key: 'loss', value: 'NaN', step: 1 }] },
      /"NaN" of the metric "loss" .* is not a finite number/,
    ],
    ['no metric', { metrics: [] }, /no value for any metric/],
  ])('with %s are refused', async (_name, data, says) => {
    const { table } = await read('mlflow', { problem, files: { a: { run: run('a', { data }) } } })
    expect(details(table)[0]).toMatch(says)
  })

  test('of one page of several say so', async () => {
    const content = { runs: [run('run-1')], next_page_token: 'abc' }
    const { table } = await read('mlflow', { problem, files: { 'page.json': content }, reading })
    expect(codes(table)).toEqual(['more-pages'])
  })
})
