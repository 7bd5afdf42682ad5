/**
 * The inner loops of block-kernel.ts, for matrices in this memory and, `multiply` alone, for blocks
 * that were packed from elsewhere. Every entry is computed by the same operations in the same order
 * as in the JavaScript that does the same, so that both give the same bits.
 *
 * All addresses and strides are bytes. A panel holds lines in strips of four: the four entries of a
 * strip at one depth lie side by side, depth after depth (panels.ts). The memory begins with the two
 * panels and their product; matrices lie behind them.
 */

const LINES: usize = 4
const DOUBLE: usize = 8
/** Bytes of an entry of each line of a strip. */
const FOUR: usize = 32

// As in panels.ts.
const DEPTH: usize = 128
const ROWS: usize = 64
const COLUMNS: usize = 480

const LEFT: usize = 0
const RIGHT: usize = LEFT + ROWS * DEPTH * DOUBLE
const PRODUCT: usize = RIGHT + COLUMNS * DEPTH * DOUBLE
const PRODUCT_ROW: usize = COLUMNS * DOUBLE

/**
 * Writes the product of what is in the left panel (height × depth) and the right (depth × width).
 * @param shift tiles all of whose entries have column > shift + row are left out
 */
export function multiply(height: usize, width: usize, depth: usize, shift: i32): void {
  const strip = depth * FOUR
  let right = RIGHT
  for (let j: usize = 0; j < width; j += LINES) {
    let left = LEFT
    let tile = PRODUCT + j * DOUBLE
    for (let i: usize = 0; i < height; i += LINES) {
      if (<i32>j < shift + <i32>(i + LINES)) multiplyStrips(left, right, left + strip, tile)
      left += strip
      tile += LINES * PRODUCT_ROW
    }
    right += strip
  }
}

/** Four rows times four columns: eight sums of two columns each, which all fit in registers. */
function multiplyStrips(left: usize, right: usize, end: usize, tile: usize): void {
  let s00 = f64x2.splat(0)
  let s02 = f64x2.splat(0)
  let s10 = f64x2.splat(0)
  let s12 = f64x2.splat(0)
  let s20 = f64x2.splat(0)
  let s22 = f64x2.splat(0)
  let s30 = f64x2.splat(0)
  let s32 = f64x2.splat(0)
  for (; left < end; left += FOUR, right += FOUR) {
    const b0 = v128.load(right)
    const b2 = v128.load(right, 16)
    const a0 = v128.load64_splat(left)
    s00 = f64x2.add(s00, f64x2.mul(a0, b0))
    s02 = f64x2.add(s02, f64x2.mul(a0, b2))
    const a1 = v128.load64_splat(left, 8)
    s10 = f64x2.add(s10, f64x2.mul(a1, b0))
    s12 = f64x2.add(s12, f64x2.mul(a1, b2))
    const a2 = v128.load64_splat(left, 16)
    s20 = f64x2.add(s20, f64x2.mul(a2, b0))
    s22 = f64x2.add(s22, f64x2.mul(a2, b2))
    const a3 = v128.load64_splat(left, 24)
    s30 = f64x2.add(s30, f64x2.mul(a3, b0))
    s32 = f64x2.add(s32, f64x2.mul(a3, b2))
  }
  v128.store(tile, s00)
  v128.store(tile, s02, 16)
  v128.store(tile, s10, PRODUCT_ROW)
  v128.store(tile, s12, PRODUCT_ROW + 16)
  v128.store(tile, s20, 2 * PRODUCT_ROW)
  v128.store(tile, s22, 2 * PRODUCT_ROW + 16)
  v128.store(tile, s30, 3 * PRODUCT_ROW)
  v128.store(tile, s32, 3 * PRODUCT_ROW + 16)
}

/** target += sign · left · right, as addProduct in add-product.ts. */
export function addProduct(
  target: usize,
  targetRow: usize,
  targetColumn: usize,
  left: usize,
  leftRow: usize,
  leftColumn: usize,
  right: usize,
  rightRow: usize,
  rightColumn: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  sign: f64,
  lowerOnly: bool,
): void {
  for (let k: usize = 0; k < depth; k += DEPTH) {
    const deep = min(DEPTH, depth - k)
    for (let j: usize = 0; j < columns; j += COLUMNS) {
      const width = min(COLUMNS, columns - j)
      pack(right + k * rightRow + j * rightColumn, rightColumn, rightRow, width, deep, RIGHT)
      for (let i: usize = lowerOnly ? j : 0; i < rows; i += ROWS) {
        const height = min(ROWS, rows - i)
        const shift = lowerOnly ? i - j : width
        pack(left + i * leftRow + k * leftColumn, leftRow, leftColumn, height, deep, LEFT)
        multiply(height, width, deep, <i32>shift)
        const to = target + i * targetRow + j * targetColumn
        addBlock(to, targetRow, targetColumn, height, width, shift, sign)
      }
    }
  }
}

/** @param lineStride from one line to the next, along which strips are taken */
function pack(
  from: usize,
  lineStride: usize,
  depthStride: usize,
  lines: usize,
  depth: usize,
  panel: usize,
): void {
  for (; lines >= LINES; lines -= LINES) {
    let p = from
    const second = lineStride
    const third = 2 * lineStride
    const fourth = 3 * lineStride
    for (const next = panel + depth * FOUR; panel < next; panel += FOUR) {
      store<f64>(panel, load<f64>(p))
      store<f64>(panel, load<f64>(p + second), 8)
      store<f64>(panel, load<f64>(p + third), 16)
      store<f64>(panel, load<f64>(p + fourth), 24)
      p += depthStride
    }
    from += LINES * lineStride
  }
  for (let line: usize = 0; line < lines; line++) {
    let to = panel + line * DOUBLE
    let p = from + line * lineStride
    for (let k: usize = 0; k < depth; k++) {
      store<f64>(to, load<f64>(p))
      to += FOUR
      p += depthStride
    }
  }
}

/** Adds the product to a block of the target, up to column shift + row of it. */
function addBlock(
  target: usize,
  rowStride: usize,
  columnStride: usize,
  height: usize,
  width: usize,
  shift: usize,
  sign: f64,
): void {
  const signs = f64x2.splat(sign)
  for (let i: usize = 0; i < height; i++) {
    let from = PRODUCT + i * PRODUCT_ROW
    let to = target + i * rowStride
    const end = from + min(width, shift + i + 1) * DOUBLE
    if (columnStride === DOUBLE) {
      for (; from + DOUBLE < end; from += 2 * DOUBLE, to += 2 * DOUBLE) {
        v128.store(to, f64x2.add(v128.load(to), f64x2.mul(signs, v128.load(from))))
      }
    }
    for (; from < end; from += DOUBLE, to += columnStride) {
      store<f64>(to, load<f64>(to) + sign * load<f64>(from))
    }
  }
}

/** Lines on which a triangle works at once, so that no sum waits for itself. */
const TOGETHER: usize = 2 * LINES

/**
 * Solves T X = B in place, for a triangular T (size × size) and B (size × columns), which becomes X.
 * @param isUpper else T is lower triangular
 */
export function solve(
  triangle: usize,
  triangleRow: usize,
  triangleColumn: usize,
  right: usize,
  rightRow: usize,
  rightColumn: usize,
  size: usize,
  columns: usize,
  isUpper: bool,
): void {
  for (let j: usize = 0; j < columns; j += TOGETHER) {
    const width = min(TOGETHER, columns - j)
    pack(right, rightColumn, rightRow, width, size, LEFT)
    for (let step: usize = 0; step < size; step++) {
      const i = isUpper ? size - 1 - step : step
      const begin = isUpper ? i + 1 : 0
      const end = isUpper ? size : i
      const line = triangle + i * triangleRow
      const pivot = line + i * triangleColumn
      substitute(line, triangleColumn, pivot, i, begin, end, size)
    }
    unpack(right, rightColumn, rightRow, width, size, LEFT)
    right += TOGETHER * rightColumn
  }
}

/** x_i ← (x_i − Σ_k t_ik x_k) / t_ii over begin ≤ k < end, in two strips. */
function substitute(
  line: usize,
  columnStride: usize,
  pivot: usize,
  i: usize,
  begin: usize,
  end: usize,
  size: usize,
): void {
  const own = LEFT + i * FOUR
  const other = own + size * FOUR
  let s0 = v128.load(own)
  let s2 = v128.load(own, 16)
  let s4 = v128.load(other)
  let s6 = v128.load(other, 16)
  let x = LEFT + begin * FOUR
  let y = x + size * FOUR
  let from = line + begin * columnStride
  for (const last = LEFT + end * FOUR; x < last; x += FOUR, y += FOUR, from += columnStride) {
    const share = v128.load64_splat(from)
    s0 = f64x2.sub(s0, f64x2.mul(share, v128.load(x)))
    s2 = f64x2.sub(s2, f64x2.mul(share, v128.load(x, 16)))
    s4 = f64x2.sub(s4, f64x2.mul(share, v128.load(y)))
    s6 = f64x2.sub(s6, f64x2.mul(share, v128.load(y, 16)))
  }
  const divisor = v128.load64_splat(pivot)
  v128.store(own, f64x2.div(s0, divisor))
  v128.store(own, f64x2.div(s2, divisor), 16)
  v128.store(other, f64x2.div(s4, divisor))
  v128.store(other, f64x2.div(s6, divisor), 16)
}

/** B ← U B for an upper triangular U (size × size) and B (size × columns). */
export function multiplyUpper(
  triangle: usize,
  triangleRow: usize,
  triangleColumn: usize,
  right: usize,
  rightRow: usize,
  rightColumn: usize,
  size: usize,
  columns: usize,
): void {
  for (let j: usize = 0; j < columns; j += TOGETHER) {
    const width = min(TOGETHER, columns - j)
    pack(right, rightColumn, rightRow, width, size, LEFT)
    for (let i: usize = 0; i < size; i++) {
      combine(triangle + i * (triangleRow + triangleColumn), triangleColumn, i, size)
    }
    unpack(right, rightColumn, rightRow, width, size, LEFT)
    right += TOGETHER * rightColumn
  }
}

/** x_i ← Σ_k u_ik x_k over k ≥ i, in two strips. */
function combine(from: usize, columnStride: usize, i: usize, size: usize): void {
  const own = LEFT + i * FOUR
  const other = own + size * FOUR
  const pivot = v128.load64_splat(from)
  let s0 = f64x2.mul(v128.load(own), pivot)
  let s2 = f64x2.mul(v128.load(own, 16), pivot)
  let s4 = f64x2.mul(v128.load(other), pivot)
  let s6 = f64x2.mul(v128.load(other, 16), pivot)
  let x = own + FOUR
  let y = other + FOUR
  for (const last = LEFT + size * FOUR; x < last; x += FOUR, y += FOUR) {
    from += columnStride
    const share = v128.load64_splat(from)
    s0 = f64x2.add(s0, f64x2.mul(share, v128.load(x)))
    s2 = f64x2.add(s2, f64x2.mul(share, v128.load(x, 16)))
    s4 = f64x2.add(s4, f64x2.mul(share, v128.load(y)))
    s6 = f64x2.add(s6, f64x2.mul(share, v128.load(y, 16)))
  }
  v128.store(own, s0)
  v128.store(own, s2, 16)
  v128.store(other, s4)
  v128.store(other, s6, 16)
}

/** What `pack` did, back. */
function unpack(
  to: usize,
  lineStride: usize,
  depthStride: usize,
  lines: usize,
  depth: usize,
  panel: usize,
): void {
  for (let line: usize = 0; line < lines; line++) {
    let from = panel + (line & ~(LINES - 1)) * depth * DOUBLE + (line & (LINES - 1)) * DOUBLE
    let p = to + line * lineStride
    for (let k: usize = 0; k < depth; k++) {
      store<f64>(p, load<f64>(from))
      from += FOUR
      p += depthStride
    }
  }
}
