import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Value } from 'typebox/value'
import { afterAll, describe, expect, test } from 'vitest'
import { BacktestReportSchema } from '../../src/api/schemas/backtest-reports.js'
import type { StoredBacktestReport } from '../../src/store/index.js'
import { runCommand, startCommand } from './support.js'
import { temporaryFolder, writeTables } from './tables.js'

const folder = temporaryFolder()
afterAll(() => rmSync(folder, { recursive: true }))

const runsOf = (fidelity: string, { mixtures, metrics }: ReturnType<typeof writeTables>) => [
  '--runs',
  `${fidelity}=${mixtures}:${metrics}`,
]
const files = { small: writeTables(folder, 'small', 30), large: writeTables(folder, 'large', 12) }
const LARGE = [...runsOf('1B', files.large), '--metric', 'loss']
const BOTH = [...runsOf('1M', files.small), '--cost', '1M=0.01', ...LARGE, '--cost', '1B=1']
const EQUAL = [...runsOf('1M', files.small), '--cost', '1M=2', ...LARGE, '--cost', '1B=2']
const COSTS = ['--cost', '1M=0.01', '--cost', '1B=1']
const PREVIOUS = '[{"study":"0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60","use":"fidelity"}]'
const RANDOM = ['--method', 'random', '--seeds', '3']

/** The losses of a table, in the order of its rows. */
function lossesOf({ metrics }: { metrics: string }): number[] {
  const [header, ...rows] = readFileSync(metrics, 'utf8').trim().split('\n')
  const column = header.split(',').indexOf('metric/loss')
  return rows.map((row) => Number(row.split(',')[column]))
}

async function reportOf(...args: string[]): Promise<StoredBacktestReport> {
  const { code, stdout, stderr } = await runCommand(['backtest', '--json', ...args])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('backtest --json', () => {
  test('prints the report as the API returns it', async () => {
    const report = await reportOf(...BOTH, ...RANDOM)
    expect([...Value.Errors(BacktestReportSchema, report)]).toEqual([])
    expect(report).toMatchObject({ target: '1B', candidates: 12, seeds: [42, 43, 44] })
    expect(report.best).toBe(Math.min(...lossesOf(files.large)))
    expect(report.entries.map(({ label }) => label)).toEqual(['random'])
    expect(report.entries[0].budgets.at(-1)?.cost).toBe(12)
  })

  test('says the same whatever the threads, and something else with another seed', async () => {
    const args = [...BOTH, '--method', 'random', '--method', 'mixing-laws', '--seeds', '2']
    const [one, many, other] = await Promise.all([
      reportOf(...args, '--threads', '1'),
      reportOf(...args, '--threads', '3'),
      reportOf(...args, '--seed', '7'),
    ])
    expect(many).toEqual(one)
    expect(other.entries).not.toEqual(one.entries)
    expect(other.provenance).toMatchObject({ seed: 7, dataHash: one.provenance.dataHash })
  })

  test('takes the first rows of a table, and the terms it is given', async () => {
    const terms = ['--budget', '4', '--budgets', '1,2,4', '--tolerance', '0.5', '--max-runs', '3']
    const report = await reportOf(...LARGE, ...RANDOM, '--limit', '1B=5', ...terms)
    expect(report).toMatchObject({ candidates: 5, tolerance: 0.5 })
    expect(report.best).toBe(Math.min(...lossesOf(files.large).slice(0, 5)))
    const [{ budgets, runs }] = report.entries
    expect(budgets.map(({ cost }) => cost)).toEqual([1, 2, 4])
    expect(runs).toEqual({ '1B': 3 })
  })

  test('replays one method in several ways', async () => {
    const methods = [
      '--method',
      'near=baselines',
      '--method',
      'best=baselines',
      '--method',
      'random',
    ]
    const params = ['--param', 'best.baseline=best-observed', '--only', 'random=1B']
    const report = await reportOf(...BOTH, ...methods, ...params, '--seeds', '2', '--shuffle', '1M')
    const [near, best, random] = report.entries
    expect([near.method, best.method]).toEqual(['baselines', 'baselines'])
    // The natural mixture needs no run; the best run has to be there first.
    expect(near.budgets[0].pick).not.toBeNull()
    expect(best.budgets[0].pick).toBeNull()
    expect(random.runs).toEqual({ '1M': 0, '1B': 12 })
  })

  test('takes a target of several that cost the same, and labels with dots', async () => {
    const methods = ['--method', 'a=random', '--method', 'a.b=baselines', '--seeds', '1']
    const params = ['--param', 'a.b.baseline=uniform', '--param', 'a.folds=3']
    const report = await reportOf(...EQUAL, '--target', '1M', ...methods, ...params)
    expect(report).toMatchObject({ target: '1M', candidates: 30 })
    expect(report.entries.map(({ label }) => label)).toEqual(['a', 'a.b'])
  })

  test('has nothing to gain where all scores are equal', async () => {
    const metrics = path.join(folder, 'equal.csv')
    writeFileSync(
      metrics,
      `index,metric/loss\n${lossesOf(files.large)
        .map((_, i) => `${i},2`)
        .join('\n')}`,
    )
    const report = await reportOf('--runs', `1B=${files.large.mixtures}:${metrics}`, ...RANDOM)
    expect(report).toMatchObject({ best: 2, mean: 2, tolerance: 0 })
    expect(report.entries[0].budgets.at(-1)).toMatchObject({
      paid: { mean: 2, lower: 2, upper: 2 },
    })
  })

  test('answers a table of 5,000 rows', async () => {
    const many = writeTables(folder, 'many', 5000)
    const report = await reportOf(...runsOf('1B', many), '--metric', 'loss', ...RANDOM)
    expect(report).toMatchObject({ candidates: 5000 })
    expect(report.entries[0].runs).toEqual({ '1B': 20 })
  })
})

describe('backtest for people', () => {
  test('shows the four numbers of every method, and who finds the best', async () => {
    const methods = ['--method', 'random', '--method', 'bo=mixing-laws', '--seeds', '2']
    const { code, stdout } = await runCommand(['backtest', ...BOTH, ...methods, '--budget', '5'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\n12 candidates at 1B: best \d\.\d+, mean \d\.\d+\. 2 seeds\./)
    expect(stdout).toMatch(/\nbo \(mixing-laws\)\n/)
    expect(stdout).toMatch(/cost +running best +pick +paid +regret/)
    expect(stdout).toMatch(/\n +5 .*\d\.\d+ ± \d\.\d+/)
    expect(stdout).toMatch(/method +optimum run +after target runs +at cost +within tolerance/)
    expect(stdout).toMatch(/random +\d+ %/)
    expect(stdout).not.toContain(String.fromCharCode(27))
  })

  test('shows no interval for one seed', async () => {
    const { stdout } = await runCommand([
      'backtest',
      ...LARGE,
      '--method',
      'random',
      '--seeds',
      '1',
    ])
    expect(stdout).toContain('1 seed.')
    expect(stdout).not.toMatch(/\d ± \d/)
  })
})

describe('backtest refuses', () => {
  const single = writeTables(folder, 'single', 1)
  const broken = path.join(folder, 'broken.csv')
  const rows = lossesOf(files.large).map((_, i) => `${i},NaN`)
  writeFileSync(broken, `index,metric/loss\n${rows.join('\n')}`)
  const { mixtures } = files.large
  const [empty, binary, other] = ['empty', 'binary', 'other'].map((name) =>
    path.join(folder, `${name}.csv`),
  )
  writeFileSync(empty, '')
  writeFileSync(binary, Buffer.from([0xff, 0xfe, 0]))
  writeFileSync(other, 'index,metric/other\n0,1\n1,2')

  test.each([
    ['nothing to replay', 2, /--runs/, RANDOM],
    ['runs without a fidelity', 2, /fidelity=mixtures\.csv:metrics\.csv/, ['--runs', mixtures]],
    ['runs of one file', 2, /two files/, ['--runs', `1B=${mixtures}`]],
    ['a file that does not exist', 2, /no such file/, ['--runs', '1B=a.csv:b.csv']],
    ['a fidelity given twice', 2, /"1B" is given twice/, [...LARGE, ...LARGE]],
    ['fidelities without a cost', 2, /missing for "1M"/, [...BOTH.slice(0, 2), ...BOTH.slice(4)]],
    ['a cost that is none', 2, /above 0/, [...LARGE, '--cost', '1B=0']],
    ['a cost of nothing', 2, /name=value/, [...LARGE, '--cost', '3']],
    ['a cost of an unknown fidelity', 2, /no runs at "7B"/, [...LARGE, '--cost', '7B=1']],
    ['an unknown target', 2, /no runs at "7B"/, [...LARGE, '--target', '7B']],
    ['an unknown fidelity to shuffle', 2, /no runs at "7B"/, [...LARGE, '--shuffle', '7B']],
    ['an unknown fidelity of a method', 2, /"7B"/, [...LARGE, ...RANDOM, '--only', 'random=7B']],
    ['an unknown method', 2, /mixing-laws, regmix/, [...LARGE, '--method', 'magic']],
    ['a method twice', 2, /--method a=random --method b=/, [...LARGE, ...RANDOM, ...RANDOM]],
    ['a parameter of no method', 2, /Name the method/, [...LARGE, '--param', 'kl=1']],
    [
      'a parameter of some method',
      2,
      /--param random\.kl=value/,
      [...LARGE, ...RANDOM, '--method', 'regmix', '--param', 'kl=1'],
    ],
    ['no seeds', 2, /above 0/, [...LARGE, '--seeds', '0']],
    [
      'methods of one label',
      2,
      /two methods have the label "x"[\s\S]*--method a=random --method b=regmix/,
      [...LARGE, '--method', 'x=random', '--method', 'x=regmix'],
    ],
    [
      'a parameter of an unknown label',
      2,
      /"magic\.folds" begins with no label; the labels are random\n/,
      [...LARGE, ...RANDOM, '--param', 'magic.folds=3'],
    ],
    [
      'fidelities of an unknown label',
      2,
      /"magic" is no label; the labels are random\n/,
      [...LARGE, ...RANDOM, '--only', 'magic=1B'],
    ],
    [
      'a parameter given twice',
      2,
      /"random\.folds" is given twice/,
      [...LARGE, ...RANDOM, '--param', 'random.folds=3', '--param', 'random.folds=4'],
    ],
    [
      'a parameter given twice, once with its label',
      2,
      /"folds" is given twice for "random"/,
      [...LARGE, ...RANDOM, '--param', 'random.folds=3', '--param', 'folds=4'],
    ],
    [
      'fidelities of one cost without a target',
      2,
      /a run costs 2 at 1M, 1B\nfix: .*--target 1M, or --target 1B/,
      [...EQUAL, ...RANDOM],
    ],
    ['an unknown metric', 2, /did you mean "loss"/i, [...LARGE, '--metric', 'los']],
    [
      'an unknown parameter',
      3,
      /\n {2}--param random\.magic: .*not known/,
      [...LARGE, ...RANDOM, '--param', 'magic=1'],
    ],
    [
      'a part of a parameter out of its range',
      3,
      /\n {2}--param random\.surrogates \(in it ridge\/replicates\): Must be at least 2/,
      [...LARGE, ...RANDOM, '--param', 'surrogates={"ridge":{"replicates":1}}'],
    ],
    [
      'earlier studies to learn from',
      3,
      /\n {2}--param x\.previous: Leave it out/,
      [...LARGE, '--method', 'x=admire', '--param', `previous=${PREVIOUS}`],
    ],
    [
      'costs that a method cannot choose by',
      3,
      /\n {2}--cost 1B: .*no less than/,
      [...EQUAL, '--target', '1M', '--method', 'admire', '--param', 'form=mfbo'],
    ],
    [
      'a method that lacks something of the problem',
      3,
      /\n {2}--domains: UniMax needs the tokens[\s\S]*\n {2}UniMax needs the tokens of the target run/,
      [...LARGE, '--method', 'baselines', '--param', 'baseline=unimax'],
    ],
    [
      'a fidelity of a method twice',
      3,
      /\n {2}--only random: "1B" is named twice/,
      [...LARGE, ...RANDOM, '--only', 'random=1B,1B'],
    ],
    [
      'a budget below one of the budgets',
      3,
      /\n {2}--budgets: 4 is more/,
      [...LARGE, ...RANDOM, '--budget', '3', '--budgets', '1,4'],
    ],
    ['a target to shuffle', 3, /\n {2}--shuffle: .*judged/, [...LARGE, '--shuffle', '1B']],
    [
      'one run only',
      3,
      /\n {2}--target: .*at least 2/,
      [...runsOf('1B', single), '--metric', 'loss', ...RANDOM],
    ],
    [
      'a budget that pays for nothing',
      3,
      /\n {2}--budget: .*0\.005/,
      [...BOTH, ...RANDOM, '--budget', '0.005'],
    ],
    [
      'scores that are no numbers',
      3,
      /^error: The table of "1B" \(\S+large\.csv, \S+broken\.csv\) has 12 problems[\s\S]*NaN/,
      ['--runs', `1B=${mixtures}:${broken}`, ...RANDOM],
    ],
    [
      'a file that is empty',
      3,
      /^error: The table of "1M" \(.*\n {2}\S+empty\.csv: the metrics file is empty\n/,
      [...LARGE, ...runsOf('1M', { mixtures, metrics: empty }), ...COSTS],
    ],
    [
      'a file that is no text',
      3,
      /^error: The table of "1B" \(\S+binary\.csv, .*\): the mixtures file is not text/,
      ['--runs', `1B=${binary}:${broken}`],
    ],
    [
      'tables without a common metric',
      3,
      /no metric in common: "1B" has loss, score; "1M" has other\./,
      [...runsOf('1B', files.large), ...runsOf('1M', { mixtures, metrics: other }), ...COSTS],
    ],
  ])('%s with exit code %d', async (_, code, said, args) => {
    const result = await runCommand(['backtest', ...args])
    expect(result).toMatchObject({ code, stdout: '' })
    expect(result.stderr).toMatch(/^error: /)
    expect(result.stderr).toMatch(/\nfix: /)
    expect(result.stderr).toMatch(said)
  })

  test('with a problem document when asked for JSON', async () => {
    const args = [...BOTH, ...RANDOM, '--budget', '0.005', '--json']
    const { code, stdout, stderr } = await runCommand(['backtest', ...args])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'validation-failed',
      exitCode: 3,
      errors: [{ pointer: '/budget', option: '--budget', detail: expect.stringContaining('0.01') }],
    })
  })
})

test('backtest ends on Ctrl-C with exit code 130 and prints nothing', async () => {
  const many = writeTables(folder, 'long', 400)
  const long = ['--method', 'mixing-laws', '--seeds', '200', '--budget', '400']
  const command = startCommand(['backtest', ...runsOf('1B', many), ...long])
  await command.saying(/%/, 'stderr')
  command.child.kill('SIGINT')
  expect(await command.result).toMatchObject({ code: 130, stdout: '' })
})
