/**
 * Which of two media types the Accept header of a request asks for (RFC 9110, section 12.5.1): the second one only when it
 * weighs more than the first.
 */
export function preferredType<A extends string, B extends string>(
  accept: string | undefined,
  first: A,
  second: B,
): A | B {
  if (accept === undefined) return first
  const ranges = accept.split(',').map(readRange)
  return weightOf(second, ranges) > weightOf(first, ranges) ? second : first
}

interface MediaRange {
  type: string
  weight: number
}

function readRange(text: string): MediaRange {
  const [type, ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))
  const weight = quality === undefined ? 1 : Number(quality.slice(2))
  return { type, weight: Number.isFinite(weight) ? weight : 0 }
}

/** That of the range which names the type most exactly; 0 when none does. */
function weightOf(type: string, ranges: readonly MediaRange[]): number {
  const [kind] = type.split('/')
  for (const name of [type, `${kind}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === name)
    if (range) return range.weight
  }
  return 0
}
