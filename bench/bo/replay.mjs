// One seed of the multi-fidelity search replayed on RegMix's tables (1M, 60M and the first 48 runs at 1B), as a backtest does it.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Value } from 'typebox/value'
import { replay } from '../../dist/optimizers/backtest/index.js'
import { compileProblem } from '../../dist/optimizers/complete-problem.js'
import { optimizerByName } from '../../dist/optimizers/registry.js'
import { rowMatrixFrom } from '../../dist/optimizers/row-matrix.js'
import { RecentlyUsed } from '../../dist/recently-used.js'

const FOLDER = path.join(
  process.env.MIXWRIGHT_SHARED_DATA ??
    fileURLToPath(new URL('../../../shared/data', import.meta.url)),
  'regmix',
)

const FIDELITIES = [
  { name: '1M', cost: 0.001, files: ['train_mixture_1m.csv', 'train_pile_loss_1m.csv'] },
  { name: '60M', cost: 0.06, files: ['test_mixture_60m.csv', 'test_pile_loss_60m.csv'] },
  { name: '1B', cost: 1, files: ['test_mixture_1B.csv', 'test_pile_loss_1B.csv'], rows: 48 },
]

const BUDGET = 20

/**
 * Replays `steps` runs of ADMIRE with one seed on this thread.
 * @returns undefined where the tables are not there
 */
export function replayOneSeed(steps) {
  if (!existsSync(path.join(FOLDER, FIDELITIES[0].files[0]))) return undefined
  const table = pileTable()
  const method = optimizerByName('admire')
  const params = Value.Default(method.paramsSchema, { stop: false })
  const begun = performance.now()
  const { steps: made } = replay({
    table,
    entry: { label: 'admire', method, params },
    seed: 1,
    budget: BUDGET,
    maxRuns: steps,
    memo: new RecentlyUsed(64),
  })
  return { runs: made.length, cost: made.at(-1).cost, milliseconds: performance.now() - begun }
}

function pileTable() {
  const read = FIDELITIES.map(({ files, rows }) => {
    const [mixtures, losses] = files.map((file) => readCsv(path.join(FOLDER, file), rows))
    return { mixtures, losses }
  })
  const [{ mixtures, losses }] = read
  const compiled = compileProblem({
    domains: mixtures.header.map((name) => ({ name })),
    metrics: losses.header.map((name) => ({ name })),
    fidelities: FIDELITIES.map(({ name, cost }) => ({ name, cost, evaluator: 'table' })),
  })
  const tables = read.map((pair, i) => runTable(FIDELITIES[i].name, pair))
  return { compiled, tables, target: '1B' }
}

function runTable(fidelity, { mixtures, losses }) {
  const closed = mixtures.rows.map((row) => {
    const sum = row.reduce((total, weight) => total + weight, 0)
    return row.map((weight) => weight / sum)
  })
  return {
    name: '',
    fidelity,
    runIds: mixtures.rows.map((_, i) => String(i)),
    raw: rowMatrixFrom(mixtures.rows),
    normalised: rowMatrixFrom(closed),
    values: new Map(
      losses.header.map((metric, k) => [metric, Float64Array.from(losses.rows, (row) => row[k])]),
    ),
  }
}

/** Plain numbers behind a first column of row names. */
function readCsv(file, most = Number.POSITIVE_INFINITY) {
  const [header, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/)
  return {
    header: header.split(',').slice(1),
    rows: lines.slice(0, most).map((line) => line.split(',').slice(1).map(Number)),
  }
}
