/**
 * A fitted sum of trees in flat arrays. A tree is the sequence of its splits: split k (counted from 0 in
 * its tree) divides leaf `leaf[k]`; rows with x ≤ threshold stay in it, the others move to the new leaf k + 1.
 * So tree t has splits `starts[t]` … `starts[t + 1]` − 1, and one leaf more than splits; its leaf values begin
 * at `starts[t] + t`.
 */
export interface Forest {
  /** Number of features m. */
  readonly columns: number
  /** What every prediction starts from: the mean of the targets. */
  readonly base: number
  /** (trees + 1) entries. */
  readonly starts: Int32Array
  readonly feature: Uint16Array
  readonly threshold: Float64Array
  readonly leaf: Uint16Array
  /** Leaf values, learning rate included. */
  readonly values: Float64Array
}

export const FOREST_VERSION = 1

/** A forest as plain JSON; arrays are little-endian base64. */
export interface ForestJson {
  version: number
  columns: number
  base: number
  starts: string
  feature: string
  threshold: string
  leaf: string
  values: string
}

export function treeCount(forest: Forest): number {
  return forest.starts.length - 1
}

/** The most leaves any tree has; 1 for a forest without trees. */
export function mostLeaves({ starts }: Forest): number {
  let most = 1
  for (let t = 1; t < starts.length; t++) most = Math.max(most, starts[t] - starts[t - 1] + 1)
  return most
}

export function forestToJson(forest: Forest): ForestJson {
  return {
    version: FOREST_VERSION,
    columns: forest.columns,
    base: forest.base,
    starts: encode(forest.starts),
    feature: encode(forest.feature),
    threshold: encode(forest.threshold),
    leaf: encode(forest.leaf),
    values: encode(forest.values),
  }
}

/** @throws RangeError when the version is another, or the arrays do not describe trees */
export function forestFromJson(json: ForestJson): Forest {
  if (json.version !== FOREST_VERSION) {
    throw new RangeError(`forest version ${json.version}, expected ${FOREST_VERSION}`)
  }
  const forest: Forest = {
    columns: json.columns,
    base: json.base,
    starts: new Int32Array(decode(json.starts)),
    feature: new Uint16Array(decode(json.feature)),
    threshold: new Float64Array(decode(json.threshold)),
    leaf: new Uint16Array(decode(json.leaf)),
    values: new Float64Array(decode(json.values)),
  }
  assertTrees(forest)
  return forest
}

function assertTrees({ columns, starts, feature, threshold, leaf, values }: Forest): void {
  const splits = feature.length
  let sound =
    starts[0] === 0 &&
    starts.at(-1) === splits &&
    threshold.length === splits &&
    leaf.length === splits &&
    values.length === splits + starts.length - 1 &&
    feature.every((j) => j < columns)
  for (let t = 1; t < starts.length && sound; t++) {
    sound = starts[t] >= starts[t - 1]
    for (let k = starts[t - 1]; k < starts[t] && sound; k++) sound = leaf[k] <= k - starts[t - 1]
  }
  if (!sound) throw new RangeError('the arrays do not describe a forest')
}

function encode(array: Int32Array | Uint16Array | Float64Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64')
}

function decode(text: string): ArrayBuffer {
  const bytes = Buffer.from(text, 'base64')
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  return copy
}

/** Collects trees in arrays that grow by doubling; `finish` returns them at their true length. */
export function createForestBuilder(columns: number, base: number) {
  const starts = [0]
  const values: number[] = []
  let feature = new Uint16Array(1024)
  let leaf = new Uint16Array(1024)
  let threshold = new Float64Array(1024)
  let splits = 0
  return {
    addSplit(splitFeature: number, splitThreshold: number, splitLeaf: number): void {
      if (splits === threshold.length) {
        feature = grown(feature, new Uint16Array(2 * splits))
        leaf = grown(leaf, new Uint16Array(2 * splits))
        threshold = grown(threshold, new Float64Array(2 * splits))
      }
      feature[splits] = splitFeature
      leaf[splits] = splitLeaf
      threshold[splits++] = splitThreshold
    },
    addValue: (value: number) => void values.push(value),
    endTree: () => void starts.push(splits),
    finish: (): Forest => ({
      columns,
      base,
      starts: Int32Array.from(starts),
      feature: feature.slice(0, splits),
      threshold: threshold.slice(0, splits),
      leaf: leaf.slice(0, splits),
      values: Float64Array.from(values),
    }),
  }
}
export type ForestBuilder = ReturnType<typeof createForestBuilder>

function grown<A extends Uint16Array | Float64Array>(from: A, to: A): A {
  to.set(from)
  return to
}
