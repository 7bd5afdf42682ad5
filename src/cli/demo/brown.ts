/**
 * Plain text from the tagged form of the Brown corpus: `The/at jury/nn said/vbd ,/,` becomes `The jury said,`. Blank lines
 * between paragraphs stay.
 */
export function untagBrown(tagged: string): string {
  return tagged
    .split(/\n\s*\n/)
    .map((paragraph) => joinTokens(paragraph.split(/\s+/).filter(Boolean).map(wordOf)))
    .filter((paragraph) => paragraph !== '')
    .join('\n\n')
}

/** The tag follows the last slash: a word may have one itself (`1/2/cd`). */
function wordOf(token: string): string {
  const slash = token.lastIndexOf('/')
  return slash > 0 ? token.slice(0, slash) : token
}

const CLOSING = new Set([',', '.', ';', ':', '?', '!', "''", ')', '.)', "'"])
const OPENING = new Set(['``', '(', '`'])
/** The corpus has these twice in a row where the print has them once. */
const DOUBLED = new Set([';', '?', '!'])

/** Words with the white space and the quotation marks of print. */
function joinTokens(words: readonly string[]): string {
  let text = ''
  let glue = true
  for (const [i, word] of words.entries()) {
    if (DOUBLED.has(word) && words[i - 1] === word) continue
    if (!glue && !CLOSING.has(word)) text += ' '
    text += word === '``' || word === "''" ? '"' : word
    glue = OPENING.has(word)
  }
  return text
}
