import type { Import, ImportPreview } from '../client/index.js'
import type { Colours } from './colours.js'
import { numberText } from './numbers.js'
import { table } from './tables.js'

/** Problems shown; `--json` has more. */
const MOST_PROBLEMS = 20

type Warnings = ImportPreview['warnings']

const warningLines = (warnings: Warnings) => warnings.map(({ message }) => `  note: ${message}`)

const rowsOf = ({ rowCount, fidelity, role, name }: Import | ImportPreview) =>
  `${rowCount} run${rowCount === 1 ? '' : 's'} at the fidelity ${fidelity}` +
  (role === 'holdout' ? `, as the hold-out ${name}` : '')

export function describeImport(done: Import, colours: Colours): string {
  const lines = [`${colours.bold('Imported')} ${rowsOf(done)}  ${done.id}`]
  return `${[...lines, ...warningLines(done.warnings)].join('\n')}\n`
}

export function describePreview(preview: ImportPreview, colours: Colours): string {
  const { importable, problemCount, problems, warnings } = preview
  const verdict = importable
    ? `${colours.bold('Would import')} ${rowsOf(preview)}. Nothing was stored.`
    : `${colours.bold('Cannot import')} ${rowsOf(preview)}: ${problemCount} problem${problemCount === 1 ? '' : 's'}.`
  const shown = problems.slice(0, MOST_PROBLEMS).map(({ detail }) => `  ${detail}`)
  const more = problemCount - shown.length
  return `${[
    verdict,
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...warningLines(warnings),
    ...(preview.preview.length > 0 ? ['', firstRows(preview, colours)] : []),
  ].join('\n')}\n`
}

function firstRows({ preview }: ImportPreview, colours: Colours): string {
  const shares = (map: Record<string, number>) =>
    Object.entries(map)
      .slice(0, 4)
      .map(([name, value]) => `${name} ${numberText(value)}`)
      .join(', ') + (Object.keys(map).length > 4 ? ', …' : '')
  const columns = [{ title: 'run' }, { title: 'mixture' }, { title: 'metrics' }]
  return table(
    columns,
    preview.map(({ id, weights, metrics }) => [id, shares(weights), shares(metrics)]),
    colours,
  )
}
