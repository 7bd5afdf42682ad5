import type { Rng } from '../optimizers/random.js'
import type { Learner } from './types.js'

export interface SamplingOptions {
  /** ≥ 0. Logits are divided by it; 0 takes the likeliest token. Default 1. */
  readonly temperature?: number
  /** Only the k likeliest tokens are drawn from. Default all. */
  readonly topK?: number
}

export interface GenerationOptions extends SamplingOptions {
  /** Tokens to generate at most. */
  readonly tokens: number
  /** Ends the text, and is not part of it. */
  readonly endOfText?: number
  readonly rng: Rng
}

/**
 * Continues a text, each token drawn given the last `context` tokens before it.
 * @param prompt at least one token id
 * @returns the tokens after the prompt
 * @throws RangeError when the prompt is empty or an option is outside its range
 */
export async function generate(
  learner: Pick<Learner, 'model' | 'nextTokenLogits'>,
  prompt: Int32Array,
  { tokens, endOfText, rng, ...sampling }: GenerationOptions,
): Promise<Int32Array> {
  if (prompt.length === 0) throw new RangeError('a prompt has to have at least one token')
  const text = new Int32Array(prompt.length + tokens)
  text.set(prompt)
  let length = prompt.length
  while (length < text.length) {
    const window = text.slice(Math.max(0, length - learner.model.context), length)
    const token = sampleToken(await learner.nextTokenLogits(window), rng, sampling)
    if (token === endOfText) break
    text[length] = token
    length += 1
  }
  return text.slice(prompt.length, length)
}

/**
 * Draws an id from the softmax of logits / temperature over the `topK` likeliest ids (ties: smaller id first).
 * @throws RangeError when an option is outside its range or a logit is not finite
 */
export function sampleToken(
  logits: Float32Array,
  rng: Rng,
  { temperature = 1, topK = logits.length }: SamplingOptions = {},
): number {
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`the temperature has to be a finite number ≥ 0, not ${temperature}`)
  }
  if (!Number.isInteger(topK) || topK < 1) {
    throw new RangeError(`topK has to be an integer ≥ 1, not ${topK}`)
  }
  if (!logits.every(Number.isFinite)) throw new RangeError('the logits are not finite')
  const ranked = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b)
  if (temperature === 0) return ranked[0]
  const candidates = ranked.slice(0, topK)
  const top = logits[candidates[0]]
  const weights = candidates.map((id) => Math.exp((logits[id] - top) / temperature))
  let left = rng.uniform() * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [i, weight] of weights.entries()) {
    left -= weight
    if (left < 0) return candidates[i]
  }
  return candidates[0]
}
