import { formatBytes } from '../../byte-size.js'
import type { CorpusManifest } from '../../corpora/types.js'
import type { Colours } from './colours.js'
import { type Column, table } from './tables.js'

const countText = (count: number) => (count === 0 ? '·' : count.toLocaleString('en'))

/** What an ingestion made, by domain. */
export function manifestTable(
  { domains, tokenizer, bytes }: Pick<CorpusManifest, 'domains' | 'tokenizer' | 'bytes'>,
  colours: Colours,
): string {
  const right = (title: string): Column => ({ title, align: 'right' })
  const columns = [
    { title: 'domain' },
    right('documents'),
    right('text'),
    right('tokens'),
    right('for validation'),
    right('duplicates'),
    right('left out'),
  ]
  const rows = domains.map(({ name, train, validation, duplicates, skipped, empty }) => [
    name,
    countText(train.documents + validation.documents),
    formatBytes(train.bytes + validation.bytes),
    colours.bold(countText(train.tokens)),
    countText(validation.tokens),
    countText(duplicates),
    countText(skipped + empty),
  ])
  const { kind, vocabularySize } = tokenizer
  const note = `tokenizer ${kind}, ${vocabularySize.toLocaleString('en')} ids; ${formatBytes(bytes)} on disk`
  return `${table(columns, rows, colours)}\n${colours.dim(`  ${note}`)}`
}
