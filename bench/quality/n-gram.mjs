// A byte n-gram model with Witten-Bell interpolation (Witten & Bell 1991): the plain statistics a neural model has to beat.
// p(b | h) = (c(h b) + T(h) p(b | h')) / (c(h) + T(h)), where T(h) counts the different bytes seen after h and h' is h
// without its first byte; below all contexts every byte has 1/256.

const BYTE = 256

export class NGramModel {
  /** Per length of context: context → how often it was seen, and how many different bytes followed. */
  #totals
  #kinds
  /** Per length of context: context and byte → count. */
  #counts

  /** @param order bytes of the longest n-gram, 1 to 6: context and byte have to fit a number's 53 bits */
  constructor(order) {
    if (!(Number.isInteger(order) && order >= 1 && order <= 6)) {
      throw new RangeError(`the order has to be 1 to 6, not ${order}`)
    }
    this.order = order
    this.#totals = Array.from({ length: order }, () => new Map())
    this.#kinds = Array.from({ length: order }, () => new Map())
    this.#counts = Array.from({ length: order }, () => new Map())
  }

  /** @param bytes Uint8Array of one document */
  learn(bytes) {
    for (let i = 0; i < bytes.length; i++) {
      for (let length = 0, context = 0; length < this.order && length <= i; length++) {
        if (length > 0) context += bytes[i - length] * BYTE ** (length - 1)
        this.#count(length, context, bytes[i])
      }
    }
  }

  #count(length, context, byte) {
    const key = context * BYTE + byte
    const seen = this.#counts[length].get(key) ?? 0
    this.#counts[length].set(key, seen + 1)
    this.#totals[length].set(context, (this.#totals[length].get(context) ?? 0) + 1)
    if (seen === 0) this.#kinds[length].set(context, (this.#kinds[length].get(context) ?? 0) + 1)
  }

  /** Bits the model needs for a document. */
  bits(bytes) {
    let sum = 0
    for (let i = 0; i < bytes.length; i++) sum -= Math.log2(this.#probability(bytes, i))
    return sum
  }

  #probability(bytes, i) {
    let probability = 1 / BYTE
    for (let length = 0, context = 0; length < this.order && length <= i; length++) {
      if (length > 0) context += bytes[i - length] * BYTE ** (length - 1)
      const total = this.#totals[length].get(context)
      if (total === undefined) break
      const kinds = this.#kinds[length].get(context)
      const count = this.#counts[length].get(context * BYTE + bytes[i]) ?? 0
      probability = (count + kinds * probability) / (total + kinds)
    }
    return probability
  }
}
