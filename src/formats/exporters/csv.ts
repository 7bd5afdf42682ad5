import { optionsOf } from './options.js'
import { type PlainRow, plainRows } from './plain-rows.js'
import { csvText } from './text/csv.js'
import { plainDecimal } from './text/decimal.js'
import type { Exporter } from './types.js'

/** RFC 4180, in UTF-8, with a header. */
export const csv: Exporter = {
  id: 'csv',
  title: 'CSV: a row for each domain',
  mediaType: 'text/csv',
  fileName: 'mixture.csv',
  unit: 'tokens',
  phases: true,
  optionsSchema: optionsOf('tokens'),
  write(plan, options) {
    const { rows, realised } = plainRows(plan, options)
    const columns = columnsOf(rows[0])
    const cells = rows.map((row) => columns.map(({ of }) => of(row)))
    const header = columns.map(({ title }) => title)
    return { text: csvText([header, ...cells]), realised, warnings: [] }
  },
}

function columnsOf({ startStep, tokens }: PlainRow) {
  const columns = [
    {
      title: 'start_step',
      isThere: startStep !== undefined,
      of: (row: PlainRow) => `${row.startStep}`,
    },
    { title: 'domain', isThere: true, of: (row: PlainRow) => row.domain },
    { title: 'weight', isThere: true, of: (row: PlainRow) => plainDecimal(row.weight) },
    { title: 'tokens', isThere: tokens !== undefined, of: (row: PlainRow) => `${row.tokens}` },
  ]
  return columns.filter(({ isThere }) => isThere)
}
