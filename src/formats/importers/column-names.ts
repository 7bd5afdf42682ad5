/**
 * The one rule for the columns of run tables: a header names a domain (a metric) exactly, or after its leading
 * `train_` (`metric/`) is removed. The exact match wins. So RegMix's `train_the_pile_arxiv` is the domain
 * `the_pile_arxiv`, and a problem may still have a domain that is itself called `train_x`.
 */
export const DOMAIN_PREFIX = 'train_'
export const METRIC_PREFIX = 'metric/'

/** Columns that can hold the run's id, best first; both files share the one that is used. */
export const KEY_COLUMNS = ['run', 'run_id', 'index'] as const

/** Columns that RegMix, Olmix and pandas write beside the data; '' is pandas' row number. */
const DESCRIPTIVE_COLUMNS: readonly string[] = [...KEY_COLUMNS, 'name', '']

export function isDescriptive(header: string): boolean {
  return DESCRIPTIVE_COLUMNS.includes(header)
}

/** The known name that a header stands for under the rule above, or undefined. */
export function nameOfColumn(
  header: string,
  prefix: string,
  known: ReadonlySet<string>,
): string | undefined {
  if (known.has(header)) return header
  const rest = header.startsWith(prefix) ? header.slice(prefix.length) : undefined
  return rest !== undefined && known.has(rest) ? rest : undefined
}

/** The column that identifies runs: in both headers, and no data in either. Undefined when there is none. */
export function sharedKeyColumn(
  mixtures: { header: readonly string[]; known: ReadonlySet<string> },
  metrics: { header: readonly string[]; known: ReadonlySet<string> },
): string | undefined {
  return KEY_COLUMNS.find((key) =>
    [mixtures, metrics].every(({ header, known }) => header.includes(key) && !known.has(key)),
  )
}

/**
 * The names in a header when no problem is given: every column that is not descriptive, without its prefix unless
 * another column has the shorter name already.
 */
export function inferColumnNames(header: readonly string[], prefix: string): string[] {
  const data = header.filter((column) => !isDescriptive(column))
  const taken = new Set(data)
  return data.map((column) => {
    const short = column.startsWith(prefix) ? column.slice(prefix.length) : column
    return short === '' || short.trim() !== short || (short !== column && taken.has(short))
      ? column
      : short
  })
}
