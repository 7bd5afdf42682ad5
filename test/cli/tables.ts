import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRng } from '../../src/optimizers/random.js'

export const DOMAINS = ['web', 'code', 'books']
export const METRICS = ['loss', 'score']

export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'mixwright-cli-'))
}

/** Losses of a log-linear law, and a score that is better when larger, with a little noise. */
function measure(weights: readonly number[], noise: number): number[] {
  const loss = 2 + Math.exp(-2 * weights[0] + 0.5 * weights[1] - 0.3 * weights[2]) + 0.01 * noise
  const score = 0.3 + 0.4 * weights[1] + 0.1 * weights[2] - 0.01 * noise
  return [loss, score]
}

/** Writes a pair of CSV files as RegMix does; returns their paths. */
export function writeTables(
  folder: string,
  name: string,
  count: number,
): { mixtures: string; metrics: string } {
  const rng = createRng(7, name)
  const rows = Array.from({ length: count }, () => {
    const draws = DOMAINS.map(() => -Math.log(rng.uniformOpen()))
    const total = draws.reduce((sum, draw) => sum + draw, 0)
    const weights = draws.map((draw) => draw / total)
    return { weights, metrics: measure(weights, rng.normal()) }
  })
  const write = (suffix: string, header: string[], cells: number[][]) => {
    const lines = [['index', ...header], ...cells.map((row, i) => [i, ...row])]
    const file = path.join(folder, `${name}${suffix}.csv`)
    writeFileSync(file, lines.map((line) => line.join(',')).join('\n'))
    return file
  }
  return {
    mixtures: write(
      '',
      DOMAINS.map((domain) => `train_${domain}`),
      rows.map(({ weights }) => weights),
    ),
    metrics: write(
      '_metrics',
      METRICS.map((metric) => `metric/${metric}`),
      rows.map(({ metrics }) => metrics),
    ),
  }
}
