/** Largest request bodies, in bytes. */
export interface ApiLimits {
  /** Bodies in general. */
  bodyBytes: number
  /** Bodies that carry runs or mixtures and are answered at once. */
  inlineBytes: number
  /** Uploaded run tables: the JSON body, or the files of a form together. */
  importBytes: number
  /** Bodies that may carry a tokenizer. */
  corpusBytes: number
  /** Uploaded texts: the files of a form together. They are stored as they come, never held in memory. */
  uploadBytes: number
}

const MIB = 2 ** 20
const GIB = 2 ** 30

export const DEFAULT_API_LIMITS: ApiLimits = {
  bodyBytes: MIB,
  inlineBytes: 4 * MIB,
  importBytes: 64 * MIB,
  corpusBytes: 32 * MIB,
  uploadBytes: 10 * GIB,
}

/** For instance `64 MiB` or `10 GiB`, or the bytes where they are not whole mebibytes. */
export function formatBytes(bytes: number): string {
  if (bytes > 0 && bytes % GIB === 0) return `${bytes / GIB} GiB`
  return bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes.toLocaleString('en')} bytes`
}
