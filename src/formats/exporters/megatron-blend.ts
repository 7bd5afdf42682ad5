import { plainDecimal } from './text/decimal.js'
import type { Share } from './types.js'

/** Why Megatron's readers cannot take a path: they split at white space, and arguments that begin with a dash are options. */
export function megatronObjection(path: string): string | undefined {
  if (/\s/u.test(path)) return 'Megatron splits its blends at white space'
  if (path.startsWith('-')) return 'it begins with a dash and would be taken for an option'
  return undefined
}

/**
 * Weights and paths in turn, checked as Megatron reads them: with an odd count, or one weight that is not a number, it takes
 * everything for paths without weights, and says nothing.
 */
export function blendWords(shares: readonly Share[], pathOf: (name: string) => string): string[] {
  const words = shares.flatMap(({ name, weight }) => [plainDecimal(weight), pathOf(name)])
  const isSound =
    words.length === 2 * shares.length &&
    words.every((word, i) =>
      i % 2 === 0 ? /^\d+\.\d+$/.test(word) : megatronObjection(word) === undefined,
    )
  if (!isSound) throw new Error(`the blend is not weights and paths in turn: ${words.join(' ')}`)
  return words
}
