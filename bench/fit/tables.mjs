import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRng } from '../../dist/optimizers/random.js'
import { createRowMatrix, rowMatrixFrom } from '../../dist/optimizers/row-matrix.js'

const folder =
  process.env.MIXWRIGHT_SHARED_DATA ??
  fileURLToPath(new URL('../../../shared/data', import.meta.url))

const DOMAINS = 17
const METRICS = 13
const TRAINING_RUNS = 512
const TEST_RUNS = 256

/**
 * Training and test runs: { raw (n × m), values: one array a metric }, and `focus`, the metric that is
 * timed alone. RegMix's 1M-parameter runs when they are there, else synthetic runs of the same shape.
 */
export function loadTables() {
  const directory = path.join(folder, 'regmix')
  if (!existsSync(path.join(directory, 'train_mixture_1m.csv'))) return synthesise()
  const train = readRuns(directory, 'train')
  const test = readRuns(directory, 'test')
  const focus = train.metrics.findIndex((name) => name.includes('pile_cc'))
  return {
    source: 'RegMix, 512 training and 256 test runs of 1M-parameter models',
    focus,
    train,
    test,
  }
}

function readRuns(directory, role) {
  const mixtures = readCsv(path.join(directory, `${role}_mixture_1m.csv`))
  const losses = readCsv(path.join(directory, `${role}_pile_loss_1m.csv`))
  return {
    metrics: losses.header,
    raw: rowMatrixFrom(mixtures.rows),
    values: losses.header.map((_, k) => Float64Array.from(losses.rows, (row) => row[k])),
  }
}

/** These files hold plain numbers behind a first column of row names. */
function readCsv(file) {
  const [header, ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  return {
    header: header.trim().split(',').slice(1),
    rows: lines.map((line) => line.split(',').slice(1).map(Number)),
  }
}

/** Sparse mixtures on a grid of 0.001, and log-linear losses with noise. */
function synthesise() {
  const rng = createRng(1, 'bench-fit')
  const laws = Array.from({ length: METRICS }, () =>
    Array.from({ length: DOMAINS }, () => -3 * rng.uniform() ** 2),
  )
  const runs = (count) => {
    const points = dirichlet(count, DOMAINS, rng)
    const raw = rowMatrixFrom(
      Array.from({ length: count }, (_, i) =>
        Array.from(
          { length: DOMAINS },
          (_, j) => Math.round(1000 * points.data[i * DOMAINS + j]) / 1000,
        ),
      ),
    )
    const loss = (law, i) => law.reduce((sum, t, j) => sum + t * raw.data[i * DOMAINS + j], 0)
    const values = laws.map((law) =>
      Float64Array.from(
        { length: count },
        (_, i) => 2 + Math.exp(1 + loss(law, i)) + 0.01 * rng.normal(),
      ),
    )
    return { raw, values }
  }
  return {
    source: 'synthetic runs (seed 1) of the shape of RegMix’s: its tables are not here',
    focus: 0,
    train: runs(TRAINING_RUNS),
    test: runs(TEST_RUNS),
  }
}

/** `count` draws from Dirichlet(1, …, 1) over m domains. */
export function dirichlet(count, domains, rng) {
  const points = createRowMatrix(count, domains)
  const { data } = points
  for (let i = 0; i < count; i++) {
    let sum = 0
    for (let k = i * domains; k < (i + 1) * domains; k++)
      sum += data[k] = -Math.log(rng.uniformOpen())
    for (let k = i * domains; k < (i + 1) * domains; k++) data[k] /= sum
  }
  return points
}
