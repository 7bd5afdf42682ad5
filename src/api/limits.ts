/** Largest request bodies, in bytes. */
export interface ApiLimits {
  /** Bodies in general. */
  bodyBytes: number
  /** Bodies that carry runs or mixtures and are answered at once. */
  inlineBytes: number
  /** Uploaded run tables: the JSON body, or the files of a form together. */
  importBytes: number
}

const MIB = 2 ** 20

export const DEFAULT_API_LIMITS: ApiLimits = {
  bodyBytes: MIB,
  inlineBytes: 4 * MIB,
  importBytes: 64 * MIB,
}

/** For instance `64 MiB`, or the bytes where they are not whole mebibytes. */
export function formatBytes(bytes: number): string {
  return bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes.toLocaleString('en')} bytes`
}
