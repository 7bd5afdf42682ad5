/**
 * Reads at most once at a time, and no more often than the age allows: all who ask meanwhile share the reading. One that
 * failed, or took longer than the limit, is not kept.
 */
export function shared<T>(
  read: () => Promise<T>,
  { maxAgeMs, limitMs }: { maxAgeMs: number; limitMs: number },
): () => Promise<T> {
  let latest: { reading: Promise<T>; begunAt: number } | undefined
  return () => {
    const now = performance.now()
    if (latest && now - latest.begunAt < maxAgeMs) return latest.reading
    const mine = { reading: withLimit(read(), limitMs), begunAt: now }
    latest = mine
    mine.reading.catch(() => {
      if (latest === mine) latest = undefined
    })
    return mine.reading
  }
}

async function withLimit<T>(reading: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([reading, late])
  } finally {
    clearTimeout(timer)
  }
}
