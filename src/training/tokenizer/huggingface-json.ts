import { MixwrightError } from '../../errors.js'
import { END_OF_TEXT } from './vocabulary.js'

/** The parts of a `tokenizer.json` that we read ourselves. */
export interface HuggingFaceJson {
  model: { type: string; vocab: Record<string, number> | [string, number][] }
  added_tokens: { id: number; content: string }[]
}

/** What tokenizers call the token that ends a text, most telling name first. */
const END_NAMES = [
  END_OF_TEXT,
  '<|end_of_text|>',
  '<|eos|>',
  '<eos>',
  '</s>',
  '[EOS]',
  '<｜end▁of▁sentence｜>',
]

/** What the library knows; it would take others for something else. */
const MODELS = ['BPE', 'WordPiece', 'Unigram']

/** Ids beyond would make the library's tables, and any model, larger than memory. */
const LARGEST_ID = 10_000_000

export function refuseJson(problem: string): MixwrightError {
  const detail = `The text is not a tokenizer.json: ${problem}.`
  return new MixwrightError('validation-failed', detail, [{ pointer: '/tokenizer/json', detail }])
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isId = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST_ID

/** @throws MixwrightError `validation-failed`, pointer `/tokenizer/json` */
export function readHuggingFaceJson(text: string): HuggingFaceJson {
  const json = parse(text)
  if (!isRecord(json)) throw refuseJson('it is not a JSON object')
  if (!isRecord(json.model)) throw refuseJson('it has no `model`')
  // Early files have no type; among them, only those of byte pairs have merges.
  json.model.type ??= json.model.merges === undefined ? undefined : 'BPE'
  if (!MODELS.includes(json.model.type as string)) {
    throw refuseJson(`\`model.type\` must be one of ${MODELS.join(', ')}`)
  }
  checkVocabulary(json.model.vocab)
  const added = json.added_tokens
  if (!Array.isArray(added)) throw refuseJson('`added_tokens` must be an array')
  for (const [i, token] of added.entries()) {
    const fits = isRecord(token) && isId(token.id) && typeof token.content === 'string'
    if (!fits || token.content === '') {
      throw refuseJson(`added token ${i} needs an \`id\` from 0 to ${LARGEST_ID} and a \`content\``)
    }
  }
  return json as unknown as HuggingFaceJson
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refuseJson(`it is not JSON (${(error as Error).message})`)
  }
}

function checkVocabulary(vocab: unknown): void {
  if (Array.isArray(vocab)) {
    const bad = vocab.findIndex((entry) => !Array.isArray(entry) || typeof entry[0] !== 'string')
    if (bad >= 0) throw refuseJson(`entry ${bad} of \`model.vocab\` is not a token with its score`)
    if (vocab.length === 0) throw refuseJson('`model.vocab` is empty')
    return
  }
  if (!isRecord(vocab)) throw refuseJson('`model.vocab` must hold the tokens')
  const entries = Object.entries(vocab)
  if (entries.length === 0) throw refuseJson('`model.vocab` is empty')
  const bad = entries.find(([, id]) => !isId(id))
  if (bad) {
    throw refuseJson(`the id of ${JSON.stringify(bad[0])} is not a whole number to ${LARGEST_ID}`)
  }
}

/** One more than the highest id. */
export function idsOf({ model, added_tokens }: HuggingFaceJson): number {
  let ids = Array.isArray(model.vocab) ? model.vocab.length : 0
  if (!Array.isArray(model.vocab)) {
    for (const id of Object.values(model.vocab)) ids = Math.max(ids, id + 1)
  }
  for (const { id } of added_tokens) ids = Math.max(ids, id + 1)
  return ids
}

/** The added token that ends a text, if there is one. */
export function endTokenOf(json: HuggingFaceJson): { id: number; content: string } | undefined {
  for (const name of END_NAMES) {
    const found = json.added_tokens.find(({ content }) => content === name)
    if (found) return found
  }
  return undefined
}
