/** All that an iteration gives, in its order. */
export async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = []
  for await (const item of items) gathered.push(item)
  return gathered
}

/** A time as the service writes it, to the minute, for tables. */
export function minuteText(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)}`
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

/** For instance `48.2 MB`; powers of 1000. */
export function sizeText(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000
    unit += 1
  }
  return unit === 0 ? `${bytes} bytes` : `${Number(size.toPrecision(3))} ${UNITS[unit]}`
}
