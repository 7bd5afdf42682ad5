import Table from 'cli-table3'
import type { Colours } from './colours.js'

export interface Column {
  title: string
  align?: 'left' | 'right'
}

const NO_FRAME = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '  ',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** A table without a frame, its columns as wide as what they hold. */
export function table(
  columns: readonly Column[],
  rows: readonly string[][],
  colours: Colours,
): string {
  const rendered = new Table({
    head: columns.map(({ title }) => colours.dim(title)),
    colAligns: columns.map(({ align = 'left' }) => align),
    chars: NO_FRAME,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  })
  rendered.push(...rows)
  return rendered
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
