const LONGEST_COMPARED = 100

/** Number of single-character insertions, deletions and replacements between two texts (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      current[j] = Math.min(replaced, previous[j] + 1, current[j - 1] + 1)
    }
    previous = current
  }
  return previous[b.length]
}

/**
 * The known names most like an unknown one, best first. One name contains the other, or at most half of the letters
 * differ; else nothing is suggested.
 */
export function nearestNames(unknown: string, known: readonly string[], count = 1): string[] {
  const wanted = unknown.toLowerCase().slice(0, LONGEST_COMPARED)
  return known
    .map((name) => {
      const candidate = name.toLowerCase().slice(0, LONGEST_COMPARED)
      const contained = candidate.includes(wanted) || wanted.includes(candidate)
      const distance = editDistance(wanted, candidate)
      return { name, distance, near: contained || distance <= candidate.length / 2 }
    })
    .filter(({ near }) => near)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name)
}

/** A sentence to append to an error, or '' when no known name is near. */
export function didYouMean(unknown: string, known: readonly string[]): string {
  const names = nearestNames(unknown, known, 3).map((name) => `"${name}"`)
  return names.length === 0 ? '' : `; did you mean ${names.join(' or ')}?`
}
