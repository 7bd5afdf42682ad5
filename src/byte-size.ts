const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** In decimal units, with three significant digits. */
export function formatBytes(bytes: number): string {
  const power = UNITS.findIndex((_, index) => bytes < 999.5 * 1000 ** index)
  const index = power < 0 ? UNITS.length - 1 : power
  return `${Number((bytes / 1000 ** index).toPrecision(3))} ${UNITS[index]}`
}
