/** Rows by table, in words: `3 studies, 512 runs`. */
export function rowCounts(counts: Record<string, number>): string {
  const parts = Object.entries(counts).map(
    ([table, rows]) => `${rows} ${table.replaceAll('_', ' ')}`,
  )
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
