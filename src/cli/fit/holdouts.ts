import { existsSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../failures.js'

export interface HoldoutFiles {
  /** Stem of the mixtures file. */
  name: string
  mixtures: string
  metrics: string
}

/** Every way to cut the text at a colon; paths may hold colons of their own. */
function cuts(text: string): [string, string][] {
  return [...text.matchAll(/:/g)]
    .map(({ index }): [string, string] => [text.slice(0, index), text.slice(index + 1)])
    .filter(([mixtures, metrics]) => mixtures !== '' && metrics !== '')
}

/** @throws UsageError for a text that is not `mixtures.csv:metrics.csv`, and for two hold-outs of one name */
export function parseHoldouts(texts: readonly string[]): HoldoutFiles[] {
  const holdouts = texts.map((text) => {
    const pairs = cuts(text)
    const pair = pairs.find((files) => files.every((file) => existsSync(file))) ?? pairs[0]
    if (!pair) {
      throw new UsageError(
        `--holdout: "${text}" does not name two files`,
        'Write --holdout mixtures.csv:metrics.csv.',
      )
    }
    const [mixtures, metrics] = pair
    return { name: path.parse(mixtures).name, mixtures, metrics }
  })
  const names = holdouts.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new UsageError(
      `--holdout: two mixtures files are called "${twice}", which names the hold-out`,
      'Rename one of the files.',
    )
  }
  return holdouts
}
