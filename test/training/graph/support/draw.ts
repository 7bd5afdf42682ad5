import { createRng, permutation, type Rng } from '../../../../src/optimizers/random.js'
import { Graph, type Shape, type Value } from '../../../../src/training/graph/index.js'

/** A graph whose inputs are drawn with their contents. */
export class Draw {
  readonly graph: Graph
  readonly rng: Rng
  readonly inputs: Value[] = []
  readonly feeds: Record<string, Float64Array | Int32Array> = {}

  constructor(purpose: string, seed: number, graph = new Graph()) {
    this.graph = graph
    this.rng = createRng(seed, purpose)
  }

  /** A size from 1 to `largest`. */
  size(largest = 4): number {
    return 1 + this.rng.integer(largest)
  }

  sizes(count: number, largest = 4): number[] {
    return Array.from({ length: count }, () => this.size(largest))
  }

  /** Uniform on [low, high), rounded to single precision so that both engines start from the same. */
  float(shape: Shape, low = -2, high = 2): Value {
    return this.#input('float32', shape, () => Math.fround(low + (high - low) * this.rng.uniform()))
  }

  /** Integers from 0 to bound − 1. */
  integers(shape: Shape, bound: number, dtype: 'int32' | 'int64' = 'int64'): Value {
    return this.#input(dtype, shape, () => this.rng.integer(bound))
  }

  bools(shape: Shape): Value {
    return this.#input('bool', shape, () => this.rng.integer(2))
  }

  permutation(length: number): number[] {
    return Array.from(permutation(length, this.rng))
  }

  /** A shape that broadcasts to the given one: some axes are 1, some leading ones are missing. */
  broadcastable(shape: Shape): number[] {
    const sizes = shape.map((size) => (this.rng.uniform() < 0.4 ? 1 : size))
    return sizes.slice(this.rng.integer(shape.length + 1))
  }

  #input(dtype: Value['dtype'], shape: Shape, draw: () => number): Value {
    const value = this.graph.input(`input${this.inputs.length}`, dtype, shape)
    const count = shape.reduce((product, size) => product * size, 1)
    const numbers = Array.from({ length: count }, draw)
    this.inputs.push(value)
    this.feeds[`input${this.inputs.length - 1}`] =
      dtype === 'float32' ? Float64Array.from(numbers) : Int32Array.from(numbers)
    return value
  }
}
