import type { CorpusSettings } from '../corpora/types.js'
import { type FieldError, MixwrightError } from '../errors.js'
import {
  createTokenizer,
  LARGEST_BPE,
  SMALLEST_BPE,
  type TokenizerSpec,
} from '../training/tokenizer/index.js'

const MIB = 2 ** 20

/** What a corpus has unless it is told otherwise. */
export const DEFAULT_CORPUS_SETTINGS: CorpusSettings = {
  tokenizer: { kind: 'bpe', vocabularySize: 2048 },
  validationFraction: 0.05,
  maxDocumentBytes: 10 * MIB,
  tokenizerSampleBytes: 16 * MIB,
  invalidDocuments: 'refuse',
}

/**
 * The settings with every default written out.
 * @throws MixwrightError `validation-failed`, with pointers below `/settings`
 */
export async function completeSettings(given: Partial<CorpusSettings>): Promise<CorpusSettings> {
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  const settings: CorpusSettings = { ...DEFAULT_CORPUS_SETTINGS, ...Object.fromEntries(set) }
  const errors = [...rangeErrors(settings), ...(await tokenizerErrors(settings.tokenizer))]
  if (errors.length === 0) return settings
  throw new MixwrightError('validation-failed', 'The settings of the corpus are not valid.', errors)
}

function rangeErrors(settings: CorpusSettings): FieldError[] {
  const { validationFraction, maxDocumentBytes, tokenizerSampleBytes } = settings
  const errors: FieldError[] = []
  if (!(validationFraction > 0 && validationFraction <= 0.5)) {
    const detail = `It is ${validationFraction}; it has to be above 0 and at most 0.5.`
    errors.push({ pointer: '/settings/validationFraction', detail })
  }
  for (const [name, bytes] of Object.entries({ maxDocumentBytes, tokenizerSampleBytes })) {
    if (Number.isSafeInteger(bytes) && bytes > 0) continue
    const detail = `It is ${bytes}; it has to be a whole number of bytes above 0.`
    errors.push({ pointer: `/settings/${name}`, detail })
  }
  return errors
}

/** A `tokenizer.json` is opened once, so that a broken one is refused now and not after hours of reading. */
async function tokenizerErrors(tokenizer: TokenizerSpec): Promise<FieldError[]> {
  if (tokenizer.kind === 'bpe') {
    const { vocabularySize: size } = tokenizer
    if (Number.isInteger(size) && size >= SMALLEST_BPE && size <= LARGEST_BPE) return []
    const detail = `It is ${size}; it has to be a whole number from ${SMALLEST_BPE} to ${LARGEST_BPE}.`
    return [{ pointer: '/settings/tokenizer/vocabularySize', detail }]
  }
  try {
    await createTokenizer(tokenizer, [])
    return []
  } catch (error) {
    if (!(error instanceof MixwrightError)) throw error
    return error.errors.map(({ pointer, detail }) => ({ pointer: `/settings${pointer}`, detail }))
  }
}
