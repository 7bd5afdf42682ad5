import { plainDecimal } from './decimal.js'

/** Letters, digits and marks of any script stay readable; whatever could hide or end the literal is escaped. */
const ESCAPED = /[^\x20-\x7e\p{L}\p{N}\p{M}]|["\\]/gu

/** A Python string literal. */
export function pythonString(value: string): string {
  return `"${value.replace(ESCAPED, escapeSequence)}"`
}

function escapeSequence(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code > 0xffff) return `\\U${hex.padStart(8, '0')}`
  return code > 0xff ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`
}

/** A Python list, one item a line. */
export function pythonList(items: readonly string[], indent: string): string {
  return `[\n${items.map((item) => `${indent}    ${item},\n`).join('')}${indent}]`
}

export const pythonNumber = plainDecimal
