import { InvalidArgumentError } from 'commander'

/** Readers of option values, for commander. */

const LARGEST_SEED = 2 ** 31 - 1

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a number above 0.')
}

export function nonNegativeNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new InvalidArgumentError('It must be a number of at least 0.')
}

export function integer(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('It must be a whole number.')
}

export function positiveInteger(text: string): number {
  const value = integer(text)
  if (value > 0) return value
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

/** As the API takes it: the same seed gives the same numbers there. */
export function seedNumber(text: string): number {
  const value = integer(text)
  if (value >= 0 && value <= LARGEST_SEED) return value
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${LARGEST_SEED}.`)
}

/** An empty text is what becomes of an unset variable of the shell, and not meant. */
export function nonEmpty(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('It must not be empty.')
}

export function portNumber(text: string): number {
  const value = integer(text)
  if (value >= 0 && value <= 65_535) return value
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535; 0 takes a free port.')
}

/** For options that may be given several times. */
export function collect(text: string, earlier: string[] = []): string[] {
  return [...earlier, text]
}

/** `key=value`; the value is JSON where it can be read as JSON, else text. */
export function collectParams(
  text: string,
  earlier: Record<string, unknown> = {},
): Record<string, unknown> {
  const split = text.indexOf('=')
  if (split < 1) throw new InvalidArgumentError('It must be written key=value.')
  const key = text.slice(0, split)
  if (Object.hasOwn(earlier, key)) throw new InvalidArgumentError(`"${key}" is given twice.`)
  return { ...earlier, [key]: jsonOrText(text.slice(split + 1)) }
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
