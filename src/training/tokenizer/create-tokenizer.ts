import { BpeTokenizer } from './bpe-tokenizer.js'
import { BytesTokenizer } from './bytes-tokenizer.js'
import { openHuggingFace } from './huggingface-tokenizer.js'
import { trainBpe } from './train-bpe.js'
import type { Tokenizer, TokenizerSpec } from './types.js'

/**
 * The tokenizer that the spec asks for.
 * @param sample text that a `bpe` tokenizer is trained on; no other kind reads it
 * @throws MixwrightError `validation-failed`, with pointers below `/tokenizer`
 */
export async function createTokenizer(
  spec: TokenizerSpec,
  sample: Iterable<string | Uint8Array>,
): Promise<Tokenizer> {
  if (spec.kind === 'bpe') return trainBpe(sample, spec)
  return spec.kind === 'bytes' ? new BytesTokenizer() : openHuggingFace(spec.json)
}

/**
 * The tokenizer that wrote the text.
 * @param text what `toJSON` gave
 * @throws Error for other text
 */
export async function restoreTokenizer(text: string): Promise<Tokenizer> {
  const json = readStored(text)
  if (json.kind === 'bytes') return new BytesTokenizer()
  if (json.kind === 'huggingface' && typeof json.json === 'string') {
    return openHuggingFace(json.json)
  }
  if (json.kind !== 'bpe') throw notStored('its `kind` must be bpe, bytes or huggingface')
  try {
    return BpeTokenizer.fromJSON(json)
  } catch (error) {
    throw notStored((error as Error).message)
  }
}

function readStored(text: string): { kind?: unknown; json?: unknown } {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? json : {}
  } catch (error) {
    throw notStored((error as Error).message)
  }
}

const notStored = (problem: string) =>
  new Error(`The text is not a tokenizer that was stored: ${problem}.`)
