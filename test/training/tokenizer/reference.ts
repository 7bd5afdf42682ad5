import fc from 'fast-check'

/** The pattern as the documentation of the tokenizer states it, and nothing of its code. */
const PATTERN =
  /'(?:[sdmt]|ll|ve|re)| ?[\p{L}\p{M}]+| ?\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{M}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/uy

/** Up to and with the character that reaches 256 bytes. */
function cut(word: string): string {
  let bytes = 0
  let end = 0
  for (const character of word) {
    if (bytes >= 256) break
    bytes += Buffer.byteLength(character)
    end += character.length
  }
  return word.slice(0, end)
}

/** Words of a text, by the regular expression. */
export function referenceWords(text: string): string[] {
  const words: string[] = []
  for (let at = 0; at < text.length; ) {
    PATTERN.lastIndex = at
    const word = cut(PATTERN.exec(text)![0])
    words.push(word)
    at += word.length
  }
  return words
}

function replacePair(ids: number[], left: number, right: number, id: number): number[] {
  const replaced: number[] = []
  for (let i = 0; i < ids.length; i++) {
    const fits = ids[i] === left && ids[i + 1] === right
    replaced.push(fits ? id : ids[i])
    if (fits) i++
  }
  return replaced
}

/** Merges learned by counting all pairs of all words anew each time. */
export function referenceMerges(texts: string[], most: number): [number, number][] {
  let words = texts.flatMap((text) => referenceWords(text).map((word) => [...Buffer.from(word)]))
  const merges: [number, number][] = []
  while (merges.length < most) {
    const counts = new Map<string, number>()
    for (const ids of words) {
      for (let i = 0; i + 1 < ids.length; i++) {
        const key = `${ids[i]} ${ids[i + 1]}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
    const ranked = [...counts]
      .filter(([, count]) => count > 1)
      .map(([key, count]) => ({ count, pair: key.split(' ').map(Number) as [number, number] }))
      .sort((a, b) => b.count - a.count || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1])
    if (ranked.length === 0) break
    const { pair } = ranked[0]
    const id = 256 + merges.push(pair) - 1
    words = words.map((ids) => replacePair(ids, ...pair, id))
  }
  return merges
}

/** Ids of a text: in every word the merge learned first is applied once, where it fits first, until none fits. */
export function referenceEncode(text: string, merges: readonly [number, number][]): number[] {
  const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]))
  return referenceWords(text).flatMap((word) => {
    const ids = [...Buffer.from(word)]
    for (;;) {
      const found = ids.map((id, i) => ranks.get(`${id} ${ids[i + 1]}`) ?? Number.POSITIVE_INFINITY)
      const lowest = Math.min(...found)
      if (!Number.isFinite(lowest)) return ids
      ids.splice(found.indexOf(lowest), 2, 256 + lowest)
    }
  })
}

/** Pieces that meet every branch of the pattern, from one byte to four, alone and in long runs. */
const PIECES = [
  ...[
    'a',
    'b',
    'ab',
    'the',
    'é',
    'ß',
    'Ж',
    '漢',
    '𝔘',
    '\u0301',
    'ก็',
    'हिन्दी',
    '1',
    '23',
    '456',
    '٣',
    '²',
    '𝟘',
  ],
  ...[' ', '  ', '\n', '\r\n', '\t', '\u00a0', '\u0085', '\u2003', '\u3000', '\u2028', '\ufeff'],
  ...[
    "'",
    "'s",
    "'S",
    "'t",
    "'re",
    "'r",
    "'ll",
    "don't",
    '.',
    '--',
    '…',
    '€',
    '😀',
    '👩‍👩‍👧',
    '\0',
    '\u{10ffff}',
  ],
]

const piece = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...PIECES), fc.integer({ min: 2, max: 300 }))
      .map(([text, times]) => text.repeat(times)),
  },
)

/** Texts without half surrogates. */
export const texts = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))

/** Texts over few letters, in which pairs overlap and counts tie. */
export const dullTexts = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'aa', 'ba', ' '), { maxLength: 60 })
  .map((pieces) => pieces.join(''))
