import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import type { Recommendation } from '../../src/optimizers/recommendation.js'
import { runCommand } from './support.js'
import { temporaryFolder, writeTables } from './tables.js'

const folder = temporaryFolder()
afterAll(() => rmSync(folder, { recursive: true }))

const few = writeTables(folder, 'large', 4)
const many = writeTables(folder, 'small', 60)
const unseen = writeTables(folder, 'unseen', 30)
const runFit = (...args: string[]) =>
  runCommand([
    'fit',
    '--method',
    'admire',
    '--mixtures',
    few.mixtures,
    '--metrics',
    few.metrics,
    '--metric',
    'loss',
    ...args,
  ])
const lower = ['--lower', `1M=${many.mixtures}:${many.metrics}`]

async function recommendationOf(...args: string[]): Promise<Recommendation> {
  const { code, stdout, stderr } = await runFit('--json', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

test('runs of smaller models help to predict what few large ones do not tell', async () => {
  const holdout = ['--holdout', `${unseen.mixtures}:${unseen.metrics}`]
  const spearmanOf = ({ evidence }: Recommendation) =>
    evidence.holdouts.find(({ surrogate }) => surrogate === 'gaussian-process')?.spearman ?? 0
  const alone = await recommendationOf(...holdout)
  const helped = await recommendationOf(...holdout, ...lower)
  expect(helped.explanation?.fidelities.map(({ name, runs }) => [name, runs])).toEqual([
    ['1M', 60],
    ['target', 4],
  ])
  expect(spearmanOf(helped)).toBeGreaterThan(0.98)
  expect(spearmanOf(helped)).toBeGreaterThan(spearmanOf(alone))
})

test('people see what each fidelity was worth and how weights change the objective', async () => {
  const { code, stdout } = await runFit(...lower)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ {2}1M +60 .* yes /m)
  expect(stdout).toMatch(/Predicted objective when one weight changes/)
})

test('costs are said of all, for the form that chooses by them, and shown with what was spent', async () => {
  const costs = ['--cost', '1M=0.01', '--cost', 'target=2']
  const { code, stdout } = await runFit(...lower, ...costs, '--param', 'form=mfbo')
  expect(code).toBe(0)
  expect(stdout).toMatch(/Runs and what they cost\n +fidelity +runs +spent/)
  expect(stdout).toMatch(/^ {2}1M +60 +0\.6 +yes /m)
  expect(stdout).toMatch(/^ {2}target +4 +8 +yes /m)
})

test('where nobody has given costs, nothing is said of what was spent', async () => {
  const { stdout } = await runFit(...lower)
  expect(stdout).toMatch(/\nRuns\n +fidelity +runs +used/)
  expect(stdout).not.toMatch(/spent/)
})

test('a form that chooses by costs is refused without them, and says which option gives them', async () => {
  const { code, stderr } = await runFit(...lower, '--param', 'form=mfbo')
  expect(code).toBe(3)
  expect(stderr).toMatch(/\n {2}--cost 1M: A run at "1M" costs 1, no less than/)
})

const PREVIOUS = '[{"study":"0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60","use":"fidelity"}]'

test.each([
  [['--param', `previous=${PREVIOUS}`], /previous studies are on a service[\s\S]*study create/],
  [['--param', 'folds=3', '--param', 'folds=4'], /"folds" is given twice/],
  [['--cost', '1M=0.1'], /--cost is about runs of several models[\s\S]*--lower/],
  [[...lower, '--cost', '1M=0.1'], /missing for "target"[\s\S]*--cost target=/],
  [[...lower, '--cost', '7B=1'], /no runs at "7B"[\s\S]*1M, target/],
  [
    ['--lower', `target=${many.mixtures}:${many.metrics}`],
    /"target" is taken: so the runs of --mixtures/,
  ],
  [['--lower', many.mixtures], /does not name a fidelity/],
  [[...lower, ...lower], /"1M" is taken/],
  [['--method', 'ridge-regression'], /allowed choices/i],
  [[...lower, '--method', 'regmix'], /learns from the runs of one fidelity[\s\S]*--method admire/],
])('wrong usage is refused: %j', async (args, message) => {
  const { code, stderr } = await runFit(...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})
