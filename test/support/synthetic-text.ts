import { createRng } from '../../src/optimizers/random.js'

/** Text of made-up domains: each has words of its own, drawn alike, so that what helps one domain does not help another. */

const SYLLABLES = ['ba', 'de', 'fi', 'go', 'lu', 'ma', 'ne', 'po', 'ri', 'su', 'ta', 'vo']

/**
 * JSON lines of documents, all different.
 * @param domain names the words
 * @param words of each document
 */
export function syntheticText(domain: string, documents: number, words = 60): string {
  const rng = createRng(1, `text of ${domain}`)
  const word = () =>
    Array.from({ length: 2 + rng.integer(2) }, () => SYLLABLES[rng.integer(SYLLABLES.length)]).join(
      '',
    )
  const vocabulary = Array.from({ length: 24 }, word)
  const lines = Array.from({ length: documents }, () => {
    const text = Array.from({ length: words }, () => vocabulary[rng.integer(vocabulary.length)])
    return JSON.stringify({ text: `${text.join(' ')}.` })
  })
  return `${lines.join('\n')}\n`
}
