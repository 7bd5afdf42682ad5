import { type Static, Type } from 'typebox'
import type { CorpusSettings } from '../../corpora/types.js'
import { closed } from './common.js'

const VocabularySizeSchema = Type.Integer({
  minimum: 257,
  maximum: 65_536,
  description: 'Ids, the end-of-text token included.',
})

const MIB = 2 ** 20

const settingsProperties = {
  validationFraction: Type.Number({
    exclusiveMinimum: 0,
    maximum: 0.5,
    description: 'Share of documents kept for validation, by a hash of their text. Default 0.05.',
  }),
  maxDocumentBytes: Type.Integer({
    minimum: 1,
    maximum: 256 * MIB,
    description: 'UTF-8 bytes of the largest document taken. Default 10 MiB.',
  }),
  tokenizerSampleBytes: Type.Integer({
    minimum: 1,
    maximum: 1024 * MIB,
    description:
      'Text that the tokenizer is trained on, in UTF-8 bytes, evenly from all domains. Default 16 MiB.',
  }),
  invalidDocuments: Type.Enum(['refuse', 'skip'], {
    description:
      'What a document that is too large, not UTF-8 or without a text field does: end the ingestion, or be counted and ' +
      'left out. Default `refuse`.',
  }),
}

const NewTokenizerSchema = Type.Union(
  [
    Type.Object({ kind: Type.Literal('bpe'), vocabularySize: VocabularySizeSchema }, closed),
    Type.Object({ kind: Type.Literal('bytes') }, closed),
    Type.Object(
      {
        kind: Type.Literal('huggingface'),
        json: Type.String({ minLength: 2, description: 'The text of a `tokenizer.json`.' }),
      },
      closed,
    ),
  ],
  {
    description:
      '`bpe`: byte-level BPE trained on the corpus (default, 2,048 ids). `bytes`: one id a byte. `huggingface`: given.',
  },
)

/** How text becomes tokens, as it is asked for. */
export const NewCorpusSettingsSchema = Type.Partial(
  Type.Object({ tokenizer: NewTokenizerSchema, ...settingsProperties }),
  closed,
)

export const CorpusSettingsSchema = Type.Object(
  {
    tokenizer: Type.Object(
      {
        kind: Type.Enum(['bpe', 'bytes', 'huggingface']),
        vocabularySize: Type.Optional(VocabularySizeSchema),
      },
      { ...closed, description: 'The text of a `tokenizer.json` is not given back.' },
    ),
    ...settingsProperties,
  },
  closed,
)

export function viewSettings(settings: CorpusSettings): Static<typeof CorpusSettingsSchema> {
  const { tokenizer, ...rest } = settings
  const { kind } = tokenizer
  return {
    ...rest,
    tokenizer: kind === 'bpe' ? { kind, vocabularySize: tokenizer.vocabularySize } : { kind },
  }
}
