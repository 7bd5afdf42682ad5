/**
 * How text is cut into words before byte pairs are merged; no token crosses the border of a word. GPT-2's pattern
 * (Radford et al. 2019) with numbers in groups of three at most and with marks kept beside their letters. It applies to
 * the text from where the last word ended:
 *
 *   '(?:[sdmt]|ll|ve|re)                                 an English contraction
 *   | ?[\p{L}\p{M}]+                                     letters, with the space before them
 *   | ?\p{N}{1,3}                                        a number, three digits at a time
 *   | ?[^\p{White_Space}\p{L}\p{M}\p{N}]+                punctuation and symbols
 *   |\p{White_Space}+(?!\P{White_Space})                 white space, but for the character that a word may take
 *   |\p{White_Space}+
 *
 * A match that reaches `MAX_WORD_BYTES` ends with the character that does, and the rest is matched anew: without white
 * space, as in encoded data, work per byte stays bounded. Character classes are those of the running Node's Unicode.
 */
export const WORD_PATTERN =
  "'(?:[sdmt]|ll|ve|re)| ?[\\p{L}\\p{M}]+| ?\\p{N}{1,3}| ?[^\\p{White_Space}\\p{L}\\p{M}\\p{N}]+" +
  '|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+'

/** UTF-8 bytes at which a word is cut; a word may exceed it by the rest of its last character, 3 bytes at most. */
export const MAX_WORD_BYTES = 256

const OTHER = 0
const LETTER = 1
const NUMBER = 2
const WHITE = 3

const SPACE = 0x20
const APOSTROPHE = 0x27
const PAGE_BITS = 8

/** Bytes of a character and its class in one number: class + 4 × bytes. */
const packed = (kind: number, bytes: number) => kind + 4 * bytes

const IS_LETTER = /[\p{L}\p{M}]/u
const IS_NUMBER = /\p{N}/u
const IS_WHITE = /\p{White_Space}/u

function classOf(code: number): number {
  const character = String.fromCodePoint(code)
  if (IS_LETTER.test(character)) return LETTER
  if (IS_NUMBER.test(character)) return NUMBER
  return IS_WHITE.test(character) ? WHITE : OTHER
}

const ASCII = Uint8Array.from({ length: 128 }, (_, code) => packed(classOf(code), 1))

/** Classes by code point, a page of 256 made when the first of them is met: most of Unicode never is. */
const pages: (Uint8Array | undefined)[] = []

function pageOf(code: number): Uint8Array {
  const page = code >> PAGE_BITS
  pages[page] ??= Uint8Array.from({ length: 1 << PAGE_BITS }, (_, low) =>
    classOf((page << PAGE_BITS) | low),
  )
  return pages[page]
}

/** Bytes that are not UTF-8 count as characters of their own. */
function wideCharacterAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]
  const length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1
  if (length === 1 || at + length > bytes.length) return packed(OTHER, 1)
  let code = lead & (0xff >> (length + 1))
  for (let i = at + 1; i < at + length; i++) {
    if ((bytes[i] & 0xc0) !== 0x80) return packed(OTHER, 1)
    code = (code << 6) | (bytes[i] & 0x3f)
  }
  if (code > 0x10ffff) return packed(OTHER, 1)
  return packed(pageOf(code)[code & ((1 << PAGE_BITS) - 1)], length)
}

function characterAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  return byte < 128 ? ASCII[byte] : wideCharacterAt(bytes, at)
}

function runEnd(bytes: Uint8Array, from: number, limit: number, kind: number): number {
  let at = from
  while (at < limit) {
    const character = characterAt(bytes, at)
    if ((character & 3) !== kind) break
    at += character >> 2
  }
  return at
}

function whiteEnd(bytes: Uint8Array, start: number, limit: number): number {
  let last = start
  let at = start
  while (at < limit) {
    const character = characterAt(bytes, at)
    if ((character & 3) !== WHITE) break
    last = at
    at += character >> 2
  }
  const wordFollows = at < bytes.length && (characterAt(bytes, at) & 3) !== WHITE
  return wordFollows && last > start ? last : at
}

function numberEnd(bytes: Uint8Array, from: number): number {
  let at = from
  for (let digits = 0; digits < 3 && at < bytes.length; digits++) {
    const character = characterAt(bytes, at)
    if ((character & 3) !== NUMBER) break
    at += character >> 2
  }
  return at
}

/** Bytes of the contraction at an apostrophe; 0 when there is none. */
function contractionLength(bytes: Uint8Array, at: number): number {
  const one = String.fromCharCode(bytes[at + 1])
  if ('sdmt'.includes(one)) return 2
  const two = one + String.fromCharCode(bytes[at + 2])
  return two === 'll' || two === 've' || two === 're' ? 3 : 0
}

/**
 * Where the word that begins at `start` ends.
 * @param bytes UTF-8
 * @param start below `bytes.length`
 * @returns an index above `start`, `bytes.length` at most
 */
export function wordEnd(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, start + MAX_WORD_BYTES)
  if (bytes[start] === APOSTROPHE) {
    const length = contractionLength(bytes, start)
    if (length > 0) return start + length
  }
  const from = bytes[start] === SPACE && start + 1 < limit ? start + 1 : start
  const kind = characterAt(bytes, from) & 3
  if (kind === WHITE) return whiteEnd(bytes, start, limit)
  if (kind === NUMBER) return numberEnd(bytes, from)
  return runEnd(bytes, from, limit, kind)
}
