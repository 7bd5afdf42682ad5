/**
 * Scores a forest, 128 points at a time, one bit a point. For every threshold in the forest one v128 says
 * which points lie at or below it; then a split is two bit operations for all 128 points: `reached & mask`
 * stay, `reached & ~mask` move to the new leaf. What is left is one bit set a leaf; these are turned into
 * leaf numbers, and the leaf values are added in f64 in the order of the trees, so that the sums equal
 * those of any other path to the last bit.
 *
 * All addresses are bytes. bit-sliced.ts lays the memory out; see there for the tables.
 */

/** Splits of one tree ≤ 31, leaves ≤ 32. */
const LEAVES: usize = 32
const VECTOR: usize = 16
const POINTS: usize = 128
const TREES_A_PASS: usize = 4

/**
 * @param points row-major f64 (128 × columns)
 * @param columnTable per column: u32 address of its sorted thresholds, u32 number of them, u32 address of its masks
 * Writes (number + 1) masks a column: bit p of mask k is set when point p is at or below threshold k.
 */
export function compare(points: usize, columns: usize, columnTable: usize): void {
  const stride = columns << 3
  for (let j: usize = 0; j < columns; j++) {
    const entry = columnTable + j * 12
    const thresholds: usize = load<u32>(entry)
    const count: usize = load<u32>(entry, 4)
    const masks: usize = load<u32>(entry, 8)
    if (count === 0) continue
    memory.fill(masks, 0, (count + 1) * VECTOR)
    let point = points + (j << 3)
    for (let p: usize = 0; p < POINTS; p += 4) {
      markRanks(point, stride, thresholds, count, masks, p)
      point += stride << 2
    }
    let below = v128.load(masks)
    for (let k: usize = 1; k < count; k++) {
      below = v128.or(below, v128.load(masks + k * VECTOR))
      v128.store(masks + k * VECTOR, below)
    }
  }
}

/** Four points at once, as each binary search is a chain of loads that wait for one another. */
function markRanks(
  point: usize,
  stride: usize,
  thresholds: usize,
  count: usize,
  masks: usize,
  p: usize,
): void {
  const x0 = load<f64>(point)
  const x1 = load<f64>(point + stride)
  const x2 = load<f64>(point + stride * 2)
  const x3 = load<f64>(point + stride * 3)
  let a0 = thresholds
  let a1 = thresholds
  let a2 = thresholds
  let a3 = thresholds
  for (let left = count; left > 1; ) {
    const half = left >> 1
    const step = half << 3
    a0 += select<usize>(step, 0, load<f64>(a0 + step - 8) < x0)
    a1 += select<usize>(step, 0, load<f64>(a1 + step - 8) < x1)
    a2 += select<usize>(step, 0, load<f64>(a2 + step - 8) < x2)
    a3 += select<usize>(step, 0, load<f64>(a3 + step - 8) < x3)
    left -= half
  }
  const byte = masks + (p >> 3)
  const bit = 1 << (<i32>p & 7)
  mark(a0, x0, thresholds, byte, bit)
  mark(a1, x1, thresholds, byte, bit << 1)
  mark(a2, x2, thresholds, byte, bit << 2)
  mark(a3, x3, thresholds, byte, bit << 3)
}

function mark(last: usize, x: f64, thresholds: usize, byte: usize, bit: i32): void {
  const rank = ((last - thresholds) >> 3) + <usize>(load<f64>(last) < x)
  const at = byte + rank * VECTOR
  store<u8>(at, load<u8>(at) | bit)
}

/**
 * Adds the leaf values of all trees to 128 sums.
 * @param sums f64 (128), set to the base value before
 * @param trees a multiple of 4
 * @param treeTable per tree: u32 number of splits
 * @param splits per split, tree after tree: u32 address of its mask, u32 16 × the leaf it divides
 * @param values 32 f64 a tree
 * @param work 32 vectors, then 4 × 128 bytes
 */
export function accumulate(
  sums: usize,
  trees: usize,
  treeTable: usize,
  splits: usize,
  values: usize,
  work: usize,
): void {
  const numbers = work + LEAVES * VECTOR
  for (let tree: usize = 0; tree < trees; tree += TREES_A_PASS) {
    for (let t: usize = 0; t < TREES_A_PASS; t++) {
      const count: usize = load<u32>(treeTable + (t << 2))
      divide(work, splits, count)
      splits += count << 3
      numberLeaves(work, count + 1, numbers + t * POINTS)
    }
    addValues(sums, values, numbers)
    treeTable += TREES_A_PASS << 2
    values += TREES_A_PASS * LEAVES * 8
  }
}

/** One bit set a leaf: which points reach it. Leaves up to the next multiple of 8 are left empty. */
function divide(leaves: usize, splits: usize, count: usize): void {
  v128.store(leaves, i8x16.splat(-1))
  let created = leaves + VECTOR
  for (const end = splits + (count << 3); splits < end; splits += 8) {
    const below = v128.load(<usize>load<u32>(splits))
    const leaf = leaves + <usize>load<u32>(splits, 4)
    const reached = v128.load(leaf)
    v128.store(leaf, v128.and(reached, below))
    v128.store(created, v128.andnot(reached, below))
    created += VECTOR
  }
  for (const end = leaves + (((count + 8) & ~7) << 4); created < end; created += VECTOR) {
    v128.store(created, i8x16.splat(0))
  }
}

/** Bit sets of the leaves → five bit planes of the leaf number → one byte a point. */
function numberLeaves(leaves: usize, count: usize, numbers: usize): void {
  let plane0 = i8x16.splat(0)
  let plane1 = i8x16.splat(0)
  let plane2 = i8x16.splat(0)
  let plane3 = i8x16.splat(0)
  let plane4 = i8x16.splat(0)
  for (let first: usize = 0; first < count; first += 8) {
    const s1 = v128.load(leaves, 16)
    const s3 = v128.load(leaves, 48)
    const s5 = v128.load(leaves, 80)
    const s7 = v128.load(leaves, 112)
    const s23 = v128.or(v128.load(leaves, 32), s3)
    const s67 = v128.or(v128.load(leaves, 96), s7)
    const s4567 = v128.or(v128.or(v128.load(leaves, 64), s5), s67)
    plane0 = v128.or(plane0, v128.or(v128.or(s1, s3), v128.or(s5, s7)))
    plane1 = v128.or(plane1, v128.or(s23, s67))
    plane2 = v128.or(plane2, s4567)
    const all = v128.or(v128.or(v128.load(leaves), s1), v128.or(s23, s4567))
    if (first & 8) plane3 = v128.or(plane3, all)
    if (first & 16) plane4 = v128.or(plane4, all)
    leaves += 8 * VECTOR
  }
  const bits = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128)
  let pick = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)
  for (let p: usize = 0; p < POINTS; p += VECTOR) {
    let number = i8x16.sub(i8x16.splat(0), isSet(plane4, pick, bits))
    number = i8x16.sub(i8x16.add(number, number), isSet(plane3, pick, bits))
    number = i8x16.sub(i8x16.add(number, number), isSet(plane2, pick, bits))
    number = i8x16.sub(i8x16.add(number, number), isSet(plane1, pick, bits))
    number = i8x16.sub(i8x16.add(number, number), isSet(plane0, pick, bits))
    v128.store(numbers + p, number)
    pick = i8x16.add(pick, i8x16.splat(2))
  }
}

/** −1 in the lanes whose bit is set in the two bytes of the plane that `pick` names, else 0. */
function isSet(plane: v128, pick: v128, bits: v128): v128 {
  return i8x16.eq(v128.and(i8x16.swizzle(plane, pick), bits), bits)
}

function addValues(sums: usize, values: usize, numbers: usize): void {
  for (let p: usize = 0; p < POINTS; p++) {
    let sum = load<f64>(sums + (p << 3))
    sum += load<f64>(values + ((<usize>load<u8>(numbers + p)) << 3))
    sum += load<f64>(values + ((<usize>load<u8>(numbers + p, 128)) << 3), 256)
    sum += load<f64>(values + ((<usize>load<u8>(numbers + p, 256)) << 3), 512)
    sum += load<f64>(values + ((<usize>load<u8>(numbers + p, 384)) << 3), 768)
    store<f64>(sums + (p << 3), sum)
  }
}
