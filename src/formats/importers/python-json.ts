/** Strings of JSON, which stay as they are, and the words that Python's `json` writes for numbers that JSON does not have. */
const STRING_OR_WORD = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g

/**
 * Reads JSON as Python's `json` module writes it: NaN and infinities, which JSON does not have, become null.
 * @throws SyntaxError when it is not that either
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error
    return JSON.parse(
      text.replace(STRING_OR_WORD, (found) => (found.startsWith('"') ? found : 'null')),
    )
  }
}

/** Why a text is not JSON, for people. */
export function jsonFault(error: unknown): string {
  const { message } = error as SyntaxError
  return /end of JSON input|Unterminated/.test(message)
    ? `it ends in the middle (${message})`
    : `it is not JSON (${message.slice(0, 200)})`
}
