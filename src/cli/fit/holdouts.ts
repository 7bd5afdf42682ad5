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

/**
 * The mixtures and the metrics of `mixtures.csv:metrics.csv`. Where there is one colon, it is the one, whether the files exist or
 * not: reading them says better what is wrong.
 * @param option that the text is the value of, and how it is written
 * @throws UsageError
 */
export function cutBetweenFiles(
  text: string,
  option = '--holdout',
  form = `${option} mixtures.csv:metrics.csv`,
): [string, string] {
  const pairs = cuts(text)
  const pair = pairs.find((files) => files.every((file) => existsSync(file)))
  if (pair) return pair
  if (pairs.length === 1) return pairs[0]
  const which =
    pairs.length === 0 ? 'two files' : 'two files that exist, at whatever colon it is cut'
  throw new UsageError(`${option}: "${text}" does not name ${which}`, `Write ${form}.`)
}

/** @throws UsageError for a text that is not `mixtures.csv:metrics.csv`, and for two hold-outs of one name */
export function parseHoldouts(texts: readonly string[]): HoldoutFiles[] {
  const holdouts = texts.map((text) => {
    const [mixtures, metrics] = cutBetweenFiles(text)
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
