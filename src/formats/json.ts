import { MixwrightError } from '../errors.js'

/**
 * Reads JSON as it came: UTF-8, with or without a byte order mark.
 * @param what names the text in the refusal, for instance `the body`
 * @throws MixwrightError `malformed-request` saying where the text stops being JSON
 */
export function readJson(bytes: Uint8Array, what: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new MixwrightError('malformed-request', `${what} is not text in UTF-8`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = (error as SyntaxError).message
    throw new MixwrightError('malformed-request', `${what} is not JSON: ${reason}`)
  }
}
