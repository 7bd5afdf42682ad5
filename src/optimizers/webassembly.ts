/** The memory of a kernel; addresses in it are bytes. */
export interface KernelMemory {
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

/**
 * A new instance, with a memory of its own, of a kernel that scripts/build-kernels.mjs compiled.
 * @param base64 the module's bytes
 * @returns its exports; null where WebAssembly or its SIMD instructions are missing
 */
export function instantiateKernel<Exports extends object>(base64: string): Exports | null {
  const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly
  const bytes = Buffer.from(base64, 'base64')
  if (!api?.validate(bytes)) return null
  return new api.Instance(new api.Module(bytes)).exports as Exports
}

/** Grows the memory to at least so many bytes; views of the old buffer become empty. */
export function reserve(memory: KernelMemory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
}
