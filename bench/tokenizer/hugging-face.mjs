import { Tokenizer } from '@huggingface/tokenizers'

/** Characters that stand for bytes in GPT-2's files: printable ones for themselves, others from U+0100 on. */
function byteCharacters() {
  const printable = (byte) =>
    (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad && byte < 0x100)
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : next++),
  )
}

/** The library's tokenizer with the merges and the words of ours. */
export function huggingFaceTokenizer(tokenizer) {
  const { pattern, merges } = JSON.parse(tokenizer.toJSON())
  const tokens = byteCharacters()
  const pairs = []
  for (let i = 0; i < merges.length; i += 2) {
    const pair = [tokens[merges[i]], tokens[merges[i + 1]]]
    pairs.push(pair)
    tokens.push(pair.join(''))
  }
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
  const json = {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [split, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: pairs,
    },
  }
  return new Tokenizer(json, {})
}
