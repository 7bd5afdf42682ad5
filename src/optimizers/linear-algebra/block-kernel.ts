import { instantiateKernel, type KernelMemory, reserve } from '../webassembly.js'
import { KERNEL_BASE64 } from './blocks.generated.js'
import { copyEntries, type MatrixView, viewOf } from './matrix-view.js'
import { COLUMNS, DEPTH, type Panels, ROWS } from './panels.js'
import { LEAF } from './triangle-split.js'

/**
 * The exports of assembly/blocks.ts. A matrix is three numbers: its address, the stride of its rows
 * and that of its columns, in bytes.
 */
interface BlockExports {
  readonly memory: KernelMemory
  multiply(height: number, width: number, depth: number, shift: number): void
  addProduct(...matricesAndSizes: number[]): void
  solve(...matricesAndSizes: number[]): void
  multiplyUpper(...matricesAndSizes: number[]): void
}

const DOUBLE = Float64Array.BYTES_PER_ELEMENT
// The panels and their product begin the memory, as in assembly/blocks.ts.
const RIGHT = ROWS * DEPTH * DOUBLE
const PRODUCT = RIGHT + COLUMNS * DEPTH * DOUBLE
const WORKSPACE = PRODUCT + ROWS * COLUMNS * DOUBLE
/** Room for matrices, in entries: 12 MB, of which the system gives what has been touched. */
const WORKSPACE_ENTRIES = 1_500_000

/**
 * The inner loops of this folder with the vector instructions of WebAssembly, for matrices in its
 * own memory. They give the same bits as those in JavaScript.
 */
export class BlockKernel {
  /** For blocks of matrices that are elsewhere. */
  readonly panels: Panels
  readonly #exports: BlockExports
  readonly #workspace: Float64Array

  constructor(exports: BlockExports) {
    reserve(exports.memory, WORKSPACE + WORKSPACE_ENTRIES * DOUBLE)
    const { buffer } = exports.memory
    this.#exports = exports
    this.#workspace = new Float64Array(buffer, WORKSPACE, WORKSPACE_ENTRIES)
    this.panels = {
      left: new Float64Array(buffer, 0, ROWS * DEPTH),
      right: new Float64Array(buffer, RIGHT, COLUMNS * DEPTH),
      product: new Float64Array(buffer, PRODUCT, ROWS * COLUMNS),
      multiply: exports.multiply,
    }
  }

  /**
   * Row-major matrices in the memory of the kernel, whatever they hold, until the next call.
   * @param shapes rows and columns of each
   * @returns undefined where there is no room for all of them
   */
  borrow(...shapes: [number, number][]): MatrixView[] | undefined {
    let end = 0
    const views = shapes.map(([rows, columns]) => {
      const view = { ...viewOf(this.#workspace, rows, columns), offset: end, kernel: this }
      end += rows * columns
      return view
    })
    return end > WORKSPACE_ENTRIES ? undefined : views
  }

  /** `addProduct` for three borrowed matrices. */
  addProduct(
    target: MatrixView,
    left: MatrixView,
    right: MatrixView,
    sign: 1 | -1,
    lowerOnly: boolean,
  ): void {
    const shape = [target.rows, target.columns, left.columns]
    const matrices = [...locate(target), ...locate(left), ...locate(right)]
    this.#exports.addProduct(...matrices, ...shape, sign, lowerOnly ? 1 : 0)
  }

  /** Solves T X = B in place, for a triangular T and a B that becomes X, both borrowed. */
  solve(triangle: MatrixView, right: MatrixView, isUpper: boolean): void {
    const shape = [right.rows, right.columns]
    this.#exports.solve(...locate(triangle), ...locate(right), ...shape, isUpper ? 1 : 0)
  }

  /** B ← U B for an upper triangular U, both borrowed. */
  multiplyUpper(triangle: MatrixView, right: MatrixView): void {
    const shape = [right.rows, right.columns]
    this.#exports.multiplyUpper(...locate(triangle), ...locate(right), ...shape)
  }
}

function locate({ offset, rowStride, columnStride }: MatrixView): [number, number, number] {
  return [WORKSPACE + offset * DOUBLE, rowStride * DOUBLE, columnStride * DOUBLE]
}

let own: BlockKernel | null | undefined

/**
 * That of this thread, made at first use; null where WebAssembly or its vector instructions are
 * missing.
 */
export function blockKernel(): BlockKernel | null {
  if (own === undefined) {
    const exports = instantiateKernel<BlockExports>(KERNEL_BASE64)
    own = exports && new BlockKernel(exports)
  }
  return own
}

/**
 * Works on a copy in the memory of the kernel, which then replaces the entries of the matrix; on the
 * matrix itself where it is small or there is no room.
 */
export function inWorkspace<Result>(
  matrix: MatrixView,
  work: (matrix: MatrixView) => Result,
): Result {
  const { rows, columns } = matrix
  const [copy] = (rows > LEAF && blockKernel()?.borrow([rows, columns])) || []
  if (!copy) return work(matrix)
  copyEntries(matrix, copy)
  const result = work(copy)
  copyEntries(copy, matrix)
  return result
}
