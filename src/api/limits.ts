/** What the HTTP side takes: the largest request bodies, in bytes, and how many listen. */
export interface ApiLimits {
  /** Bodies in general. */
  bodyBytes: number
  /** Bodies that carry runs or mixtures and are answered at once. */
  inlineBytes: number
  /** Run tables that are held in memory: the JSON body, or the pair of files of a form together. */
  importBytes: number
  /** Files of results that are imported: those of a form together. They are stored as they come, and read as streams. */
  importFileBytes: number
  /** Bodies that may carry a tokenizer. */
  corpusBytes: number
  /** Uploaded texts: the files of a form together. They are stored as they come, never held in memory. */
  uploadBytes: number
  /** Event streams that are open at a time. */
  eventStreams: number
}

const MIB = 2 ** 20
const GIB = 2 ** 30

export const DEFAULT_API_LIMITS: ApiLimits = {
  bodyBytes: MIB,
  inlineBytes: 4 * MIB,
  importBytes: 64 * MIB,
  importFileBytes: GIB,
  corpusBytes: 32 * MIB,
  uploadBytes: 10 * GIB,
  eventStreams: 2_000,
}
