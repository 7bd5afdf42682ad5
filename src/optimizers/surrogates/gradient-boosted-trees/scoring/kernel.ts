import { instantiateKernel, type KernelMemory } from '../../../webassembly.js'
import { KERNEL_BASE64 } from './bit-sliced.generated.js'

/** The exports of assembly/bit-sliced.ts; addresses are bytes in `memory`. */
export interface BitSlicedKernel {
  readonly memory: KernelMemory
  compare(points: number, columns: number, columnTable: number): void
  accumulate(
    sums: number,
    trees: number,
    treeTable: number,
    splits: number,
    values: number,
    work: number,
  ): void
}

let kernel: BitSlicedKernel | null | undefined

/** One instance a thread, made at first use; null where WebAssembly or its SIMD instructions are missing. */
export function bitSlicedKernel(): BitSlicedKernel | null {
  kernel ??= instantiateKernel<BitSlicedKernel>(KERNEL_BASE64)
  return kernel
}
