import type { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers'
import { endTokenOf, idsOf, readHuggingFaceJson, refuseJson } from './huggingface-json.js'
import type { Tokenizer } from './types.js'
import { checkIds, END_OF_TEXT, hashOfJson } from './vocabulary.js'

/** The library's declarations leave it open. An id is missing where neither the token nor unknown text has one. */
interface LibraryEncoding {
  ids: (number | undefined)[]
  tokens: string[]
}

/**
 * A tokenizer that the user brings, run by `@huggingface/tokenizers`. Its end of text is the added token that is known
 * by a usual name (`<|endoftext|>`, `</s>`, …), else one more id. Text that looks like that token is text; other added
 * tokens are recognised. What its normaliser changes in a text, decoding does not bring back.
 */
class HuggingFaceTokenizer implements Tokenizer {
  readonly kind = 'huggingface'
  readonly vocabularySize: number
  readonly endOfText: number
  readonly hash: string
  readonly #json: string
  readonly #library: LibraryTokenizer
  readonly #endContent: string

  constructor(Library: typeof LibraryTokenizer, json: string) {
    const parsed = readHuggingFaceJson(json)
    const end = endTokenOf(parsed)
    const ids = idsOf(parsed)
    this.endOfText = end?.id ?? ids
    this.vocabularySize = end ? ids : ids + 1
    this.#endContent = end?.content ?? END_OF_TEXT
    this.#json = json
    const others = parsed.added_tokens.filter(({ id }) => id !== end?.id)
    this.#library = openLibrary(Library, { ...parsed, added_tokens: others })
    this.hash = hashOfJson(this.toJSON())
  }

  encode(text: string): Int32Array {
    const encoding: LibraryEncoding = this.#library.encode(text.toWellFormed(), {
      add_special_tokens: false,
    })
    const unknown = encoding.ids.indexOf(undefined)
    if (unknown >= 0) {
      const token = JSON.stringify(encoding.tokens[unknown])
      throw new Error(`The tokenizer has no id for ${token}, and none for unknown text.`)
    }
    return Int32Array.from(encoding.ids as number[])
  }

  decode(ids: Int32Array): string {
    checkIds(ids, this.vocabularySize)
    const texts: string[] = []
    let start = 0
    for (let i = 0; i <= ids.length; i++) {
      if (i < ids.length && ids[i] !== this.endOfText) continue
      texts.push(this.#decodeOne(ids.subarray(start, i)))
      start = i + 1
    }
    return texts.join(this.#endContent)
  }

  toJSON(): string {
    return JSON.stringify({ kind: this.kind, json: this.#json })
  }

  /** Ids between others that no token has show as nothing: the library would stumble over them. */
  #decodeOne(ids: Int32Array): string {
    const known = [...ids].filter((id) => this.#library.id_to_token(id) !== undefined)
    if (known.length === 0) return ''
    return this.#library.decode(known, {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: false,
    })
  }
}

function openLibrary(Library: typeof LibraryTokenizer, json: object): LibraryTokenizer {
  try {
    const library = new Library(json, {})
    // Some faults of a description show only with text.
    library.encode('a')
    return library
  } catch (error) {
    throw refuseJson((error as Error).message)
  }
}

/**
 * @param json text of a `tokenizer.json`
 * @throws MixwrightError `validation-failed`, pointer `/tokenizer/json`, when it is none
 */
export async function openHuggingFace(json: string): Promise<Tokenizer> {
  const { Tokenizer: Library } = await import('@huggingface/tokenizers')
  return new HuggingFaceTokenizer(Library, json)
}
