import { execFileSync, spawnSync } from 'node:child_process'
import { parse } from 'yaml'

/** Readers that follow the rules of the programs the texts are for, as their documentation gives them. */

export interface Read {
  name: string
  weight: number
}

/** What a POSIX shell makes of the words of a line. */
export function shellWords(line: string): string[] {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
  return printed.split('\0').slice(0, -1)
}

/**
 * Megatron's rule for a blend: an odd count, or weights that are no numbers, mean paths without weights.
 * @returns undefined then
 */
export function readBlend(words: readonly string[]): Read[] | undefined {
  if (words.length % 2 === 1) return undefined
  const pairs = words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]]] : []))
  const read = pairs.map(([weight, path]) => ({ name: path.trim(), weight: pythonFloat(weight) }))
  return read.some(({ weight }) => Number.isNaN(weight)) ? undefined : read
}

function pythonFloat(text: string): number {
  return /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(text) ? Number(text) : Number.NaN
}

type Tree = Map<string, unknown>

/** YAML as both versions of the language have it; they have to agree. */
export function readYaml(text: string): Tree {
  const [older, newer] = (['1.1', '1.2'] as const).map((version) =>
    parse(text, { version, mapAsMap: true, strict: true }),
  )
  if (plain(older) !== plain(newer))
    throw new Error(`YAML 1.1 and 1.2 read it differently:\n${text}`)
  return newer
}

function plain(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner] : inner))
}

/** The value at a path of member names and indices. */
export function at(tree: unknown, ...path: (string | number)[]): never {
  return path.reduce<unknown>(
    (value, key) => (value instanceof Map ? value.get(key) : (value as unknown[])[key as number]),
    tree,
  ) as never
}

/**
 * Levanter's `MixtureDataset`: weights are normalised; in each block counts are truncated, and the rest goes to the first of the
 * largest.
 */
export function levanterCounts(weights: ReadonlyMap<string, number>, blockSize: number) {
  let total = 0
  for (const weight of weights.values()) total += weight
  const counts = [...weights].map(([name, weight]) => ({
    name,
    count: Math.floor((weight / total) * blockSize),
  }))
  let largest = counts[0]
  let given = 0
  for (const one of counts) {
    given += one.count
    if (one.count > largest.count) largest = one
  }
  largest.count += blockSize - given
  return counts
}

/** Whether NumPy's `Generator.choice` takes the probabilities: |Σp − 1| ≤ √ε, none negative. */
export function numpyTakes(probabilities: readonly number[]): boolean {
  const sum = probabilities.reduce((a, b) => a + b, 0)
  return Math.abs(sum - 1) <= Math.sqrt(Number.EPSILON) && probabilities.every((p) => p >= 0)
}

/** `np.isclose(a, b)` with its default tolerances. */
export function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-8 + 1e-5 * Math.abs(b)
}

/** Python 3 as it is on this machine; the version names what is there. */
export const PYTHON = spawnSync('python3', ['-c', 'import sys; assert sys.version_info >= (3, 8)'])
export const hasPython = PYTHON.status === 0
export const hasPyYaml = hasPython && spawnSync('python3', ['-c', 'import yaml']).status === 0

/** Runs a script with JSON for its standard input, and reads the JSON that it prints. */
export function python<T>(script: string, input: unknown): T {
  const printed = execFileSync('python3', ['-c', script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, PYTHONUTF8: '1' },
  })
  return JSON.parse(printed) as T
}
