export { createTokenizer, restoreTokenizer } from './create-tokenizer.js'
export { LARGEST_BPE, SMALLEST_BPE, trainBpe } from './train-bpe.js'
export type { Tokenizer, TokenizerSpec } from './types.js'
