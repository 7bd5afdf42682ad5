import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { inferNames, parseTable } from '../../../src/formats/importers/index.js'
import { regmixTable } from '../../support/regmix-tables.js'
import { sharedData } from '../../support/shared-data.js'
import { problemOf } from './tables.js'

const present = sharedData('regmix', 'train_mixture_1m.csv') !== undefined

function files(name: string) {
  const [role, size] = name.split('_')
  const read = (kind: string) =>
    readFileSync(sharedData('regmix', `${role}_${kind}_${size}.csv`) ?? '')
  return { mixtures: read('mixture'), metrics: read('pile_loss') }
}

/** Rows whose sum in thousandths, the tables' unit, is not 1000. */
function inexactRows(name: string): number {
  const { data, rows, columns } = regmixTable(name)!.raw
  const thousandths = Array.from(data, (weight) => Math.round(weight * 1000))
  return Array.from({ length: rows }, (_, i) =>
    thousandths.slice(i * columns, (i + 1) * columns).reduce((sum, value) => sum + value, 0),
  ).filter((sum) => sum !== 1000).length
}

describe.skipIf(!present)("RegMix's own tables", () => {
  test('name their domains and metrics', () => {
    const { domains, metrics } = inferNames(files('train_1m').mixtures, files('train_1m').metrics)
    expect(domains).toHaveLength(17)
    expect(domains[0]).toBe('the_pile_arxiv')
    expect(metrics).toHaveLength(13)
    expect(metrics).toContain('the_pile_pile_cc_val_loss')
  })

  test.each([
    ['train_1m', 512, '1'],
    ['test_1m', 256, '1'],
    ['test_60m', 256, '1'],
    ['test_1B', 64, '0'],
  ])('%s has %d runs, from index %s', (name, count, firstId) => {
    const upload = { format: 'csv' as const, ...files(name) }
    const { domains, metrics } = inferNames(upload.mixtures, upload.metrics)
    const { table, rows } = parseTable({
      problem: problemOf(domains, metrics),
      upload,
      options: { role: 'train', holdout: '', dryRun: false },
      maxRows: 1000,
    })
    expect(table).toMatchObject({ rowCount: count, problemCount: 0 })
    expect(rows[0].runId).toBe(firstId)
    const plain = regmixTable(name)!
    expect(rows.flatMap(({ weights }) => weights)).toEqual(Array.from(plain.raw.data))
    metrics.forEach((metric, k) => {
      expect(rows.map(({ values }) => values[metric])).toEqual(Array.from(plain.values[k]))
    })
    expect(table.warnings.find(({ code }) => code === 'weights-renormalised')?.rows).toBe(
      inexactRows(name),
    )
  })
})
