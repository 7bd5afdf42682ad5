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

interface KernelMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** What is used of the WebAssembly global, which TypeScript declares only together with the DOM. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: object }
}

const PAGE = 65_536

let kernel: BitSlicedKernel | null | undefined

/** One instance a thread, made at first use; null where WebAssembly or its SIMD instructions are missing. */
export function bitSlicedKernel(): BitSlicedKernel | null {
  kernel ??= instantiate((globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly)
  return kernel
}

function instantiate(api: WebAssemblyApi | undefined): BitSlicedKernel | null {
  const bytes = Buffer.from(KERNEL_BASE64, 'base64')
  if (!api?.validate(bytes)) return null
  return new api.Instance(new api.Module(bytes)).exports as BitSlicedKernel
}

/** Grows the memory to at least so many bytes; views of the old buffer become empty. */
export function reserve(memory: KernelMemory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
}
