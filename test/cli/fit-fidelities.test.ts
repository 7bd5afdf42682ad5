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

test.each([
  [['--lower', `target=${many.mixtures}:${many.metrics}`], /"target" is taken/],
  [['--lower', many.mixtures], /does not name a fidelity/],
  [[...lower, ...lower], /"1M" is taken/],
  [['--method', 'ridge-regression'], /allowed choices/i],
  [[...lower, '--method', 'regmix'], /learns from the runs of one fidelity[\s\S]*--method admire/],
])('wrong usage is refused: %j', async (args, message) => {
  const { code, stderr } = await runFit(...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})
