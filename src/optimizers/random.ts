import { createHash } from 'node:crypto'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** A seeded stream of random numbers. Equal seeds and purposes give equal streams on every machine. */
export interface Rng {
  /** Uniform on [0, 1), 53 bits. */
  uniform(): number
  /** Uniform on (0, 1): safe to take the logarithm of. */
  uniformOpen(): number
  /** Standard normal (Box–Muller, both values used). */
  normal(): number
  /** Uniform integer on [0, bound). */
  integer(bound: number): number
  /** An independent stream, named by what it is for; forking does not advance this stream. */
  fork(purpose: string, index?: number): Rng
}

/**
 * Derives a stream from (seed, purpose, index), so that no draw depends on how many draws
 * another part of the program made before it, and a study replays whatever the parallelism.
 * @param seed any safe integer
 */
export function createRng(seed: number, purpose = '', index = 0): Rng {
  return rngFromPath(`${seed}/${purpose}#${index}`)
}

function rngFromPath(path: string): Rng {
  const digest = createHash('sha256').update(path).digest()
  const words: number[] = [0, 4, 8, 12].map((offset) => digest.readInt32LE(offset))
  // An all-zero state is the one fixed point of the generator.
  if (!words.some(Boolean)) words[0] = 1
  const generator = xoroshiro128plusFromState(words)
  let spare: number | undefined
  const uniform = () => uniformFloat64(generator)
  const uniformOpen = () => {
    let value = uniform()
    while (value === 0) value = uniform()
    return value
  }
  return {
    uniform,
    uniformOpen,
    normal() {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      const radius = Math.sqrt(-2 * Math.log(uniformOpen()))
      const angle = 2 * Math.PI * uniform()
      spare = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
    integer: (bound) => uniformInt(generator, 0, bound - 1),
    fork: (purpose, index = 0) => rngFromPath(`${path}/${purpose}#${index}`),
  }
}

/** A uniformly random permutation of 0..length−1 (Fisher–Yates). */
export function permutation(length: number, rng: Rng): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i)
  for (let i = length - 1; i > 0; i--) {
    const j = rng.integer(i + 1)
    const kept = order[i]
    order[i] = order[j]
    order[j] = kept
  }
  return order
}
