import { createRng } from '../../src/optimizers/random.js'

/**
 * Documents of words that are drawn from a vocabulary of their own, as JSON lines: a small model learns them quickly, and
 * one vocabulary teaches nothing about another.
 */
export function jsonlTexts(vocabulary: string, documents: number, seed = 1): string {
  const words = vocabulary.split(' ')
  return Array.from({ length: documents }, (_, i) => {
    const rng = createRng(seed, vocabulary, i)
    const text = Array.from({ length: 60 }, () => words[Math.floor(rng.uniform() * words.length)])
    return `${JSON.stringify({ text: `${i} ${text.join(' ')}` })}\n`
  }).join('')
}
