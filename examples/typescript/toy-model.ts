/** Something small and real to train: the losses depend on the mixture. The same as in ../python/trainer.py, which gets the same. */

const LETTERS = 24
const HELD_OUT_TOKENS = 600
const SEQUENCE_TOKENS = 32

/** FNV-1a, 32 bits. */
function hash32(text: string): number {
  let value = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193)
  return value
}

/** Numbers in [0, 1) by Marsaglia's xorshift32. */
function uniforms(seedText: string): () => number {
  let state = hash32(seedText) || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** The text of a domain: a Markov chain over letters, made from the name of the domain. */
export class Language {
  readonly heldOut: readonly number[]
  readonly #cumulative: number[][]

  constructor(name: string) {
    const draw = uniforms(`language of ${name}`)
    // A fifth power makes a few letters likely after each, as in real text.
    this.#cumulative = rows(() => draw() ** 5).map(cumulate)
    this.heldOut = this.write(HELD_OUT_TOKENS, uniforms(`held out of ${name}`))
  }

  /** @returns `length` letters after a first one */
  write(length: number, draw: () => number): number[] {
    const letters = [Math.floor(draw() * LETTERS)]
    for (let i = 0; i < length; i++) letters.push(pick(this.#cumulative[letters[i]], draw()))
    return letters
  }
}

/** Which letter follows which, by counting, with half a count for what was never seen. */
class BigramModel {
  readonly #counts = rows(() => 0.5)

  learn(letters: readonly number[]): void {
    for (let i = 1; i < letters.length; i++) this.#counts[letters[i - 1]][letters[i]]++
  }

  /** Mean loss in nats per token, and its standard error. */
  loss(letters: readonly number[]): Loss {
    const totals = this.#counts.map(sum)
    const losses = letters
      .slice(1)
      .map((after, i) => Math.log(totals[letters[i]] / this.#counts[letters[i]][after]))
    const mean = sum(losses) / losses.length
    const variance = sum(losses.map((loss) => (loss - mean) ** 2)) / (losses.length - 1)
    return { mean, standardError: Math.sqrt(variance / losses.length) }
  }
}

export interface Loss {
  /** Nats per token, on held-out text. */
  mean: number
  standardError: number
}

/**
 * Trains on a mixture of the languages.
 * @param languages domain → its text; the domains are those of `weights`
 * @returns after equal parts of the tokens: how many, and domain → loss
 */
export function* trainToy(
  languages: ReadonlyMap<string, Language>,
  weights: Readonly<Record<string, number>>,
  { seed, tokens, measurements }: { seed: number; tokens: number; measurements: number },
): Generator<{ trained: number; losses: Map<string, Loss> }> {
  const names = [...languages.keys()]
  const cumulative = cumulate(names.map((name) => weights[name]))
  const draw = uniforms(`text of ${seed}`)
  const model = new BigramModel()
  let trained = 0
  for (let measurement = 1; measurement <= measurements; measurement++) {
    const until = Math.floor((tokens * measurement) / measurements)
    while (trained < until) {
      const length = Math.min(SEQUENCE_TOKENS, until - trained)
      const language = languages.get(names[pick(cumulative, draw())]) as Language
      model.learn(language.write(length, draw))
      trained += length
    }
    const losses = [...languages].map(([name, { heldOut }]) => [name, model.loss(heldOut)] as const)
    yield { trained, losses: new Map(losses) }
  }
}

/** The index that a uniform number falls on. */
function pick(cumulative: readonly number[], uniform: number): number {
  const at = uniform * cumulative[cumulative.length - 1]
  const index = cumulative.findIndex((limit) => at < limit)
  return index === -1 ? cumulative.length - 1 : index
}

function cumulate(values: readonly number[]): number[] {
  let total = 0
  return values.map((value) => {
    total += value
    return total
  })
}

function rows(fill: () => number): number[][] {
  return Array.from({ length: LETTERS }, () => Array.from({ length: LETTERS }, fill))
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
