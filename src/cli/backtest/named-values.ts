import { InvalidArgumentError } from 'commander'
import { positiveInteger, positiveNumber } from '../options.js'

/** Readers of options that say something of a thing with a name: `1B=48`. For commander. */

/** Name → value, in the order given; the last equals sign counts, so that a name may have some. */
function collectNamed<T>(read: (text: string) => T) {
  return (text: string, earlier: ReadonlyMap<string, T> = new Map()): Map<string, T> => {
    const split = text.lastIndexOf('=')
    if (split < 1) throw new InvalidArgumentError('It must be written name=value.')
    const name = text.slice(0, split)
    if (earlier.has(name)) throw new InvalidArgumentError(`"${name}" is given twice.`)
    return new Map([...earlier, [name, read(text.slice(split + 1))]])
  }
}

export const collectNumbers = collectNamed(positiveNumber)
export const collectCounts = collectNamed(positiveInteger)

/** `label=name,name`. */
export const collectLists = collectNamed((text) => {
  const names = text.split(',').map((name) => name.trim())
  if (names.every((name) => name !== '')) return names
  throw new InvalidArgumentError('It must be names with commas between them.')
})

/** Numbers with commas between them. */
export function numberList(text: string): number[] {
  return text.split(',').map(positiveNumber)
}
