import { readFileSync } from 'node:fs'
import { type RowMatrix, rowMatrixFrom } from '../../src/optimizers/row-matrix.js'
import { sharedData } from './shared-data.js'

/** One of RegMix's run tables, read plainly: all cells are numbers and none is quoted. */
export interface RegmixTable {
  domains: string[]
  targets: string[]
  raw: RowMatrix
  normalised: RowMatrix
  /** One array a target, in `targets` order. */
  values: Float64Array[]
}

function readCsv(file: string): { header: string[]; rows: number[][] } {
  const [header, ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  return {
    header: header.trim().split(','),
    rows: lines.map((line) => line.split(',').map(Number)),
  }
}

/** @param name `train_1m`, `test_1m`, `test_60m` or `test_1B`; undefined when the data are absent */
export function regmixTable(name: string): RegmixTable | undefined {
  const [role, size] = name.split('_')
  const mixtureFile = sharedData('regmix', `${role}_mixture_${size}.csv`)
  const lossFile = sharedData('regmix', `${role}_pile_loss_${size}.csv`)
  if (!mixtureFile || !lossFile) return undefined
  const mixtures = readCsv(mixtureFile)
  const losses = readCsv(lossFile)
  const weights = mixtures.rows.map((row) => row.slice(1))
  const normalised = weights.map((row) => {
    const sum = row.reduce((total, weight) => total + weight, 0)
    return row.map((weight) => weight / sum)
  })
  return {
    domains: mixtures.header.slice(1).map((column) => column.replace(/^train_the_pile_/, '')),
    targets: losses.header
      .slice(1)
      .map((column) => column.replace(/^metric\/the_pile_/, '').replace(/_val_loss$/, '')),
    raw: rowMatrixFrom(weights),
    normalised: rowMatrixFrom(normalised),
    values: losses.header
      .slice(1)
      .map((_, j) => Float64Array.from(losses.rows, (row) => row[j + 1])),
  }
}
