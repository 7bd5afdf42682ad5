const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
const STEP = 2 ** 10

/** In binary units, with three significant digits, or as many as a whole number below 1,024 has. */
export function formatBytes(bytes: number): string {
  const power = UNITS.findIndex((_, index) => bytes < (STEP - 0.5) * STEP ** index)
  const index = power < 0 ? UNITS.length - 1 : power
  const size = bytes / STEP ** index
  return `${size < 1000 ? Number(size.toPrecision(3)) : Math.round(size)} ${UNITS[index]}`
}
