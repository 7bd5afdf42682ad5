import { pointerToken } from '../../optimizers/issue.js'
import { enumerated, quoted, type TableProblems } from './table-problems.js'

type ReadNumber = (value: unknown) => number | { problem: string }

/**
 * The weights of a run in the order of the domains, or undefined after what is wrong with them was added to `problems`:
 * names that are no domains, domains without a weight, and values that are no numbers or negative.
 */
export function weightsInOrder(
  mixture: ReadonlyMap<string, unknown>,
  domains: readonly string[],
  readNumber: ReadNumber,
  { pointer, place }: { pointer: string; place: string },
  problems: TableProblems,
): number[] | undefined {
  const before = problems.count
  // The usual case is that the names are those of the domains, each once.
  if (mixture.size !== domains.length || domains.some((name) => !mixture.has(name))) {
    refuseNames(mixture, domains, { pointer, place }, problems)
    if (problems.count > before) return undefined
  }
  const weights: number[] = []
  for (const name of domains) {
    const given = mixture.get(name)
    const value = readNumber(given)
    // Adding zero turns −0 into 0, so that equal mixtures compare equal.
    if (typeof value === 'number' && value >= 0) weights.push(value + 0)
    else {
      const problem = typeof value === 'number' ? 'is negative' : value.problem
      const shown = quoted(String(given))
      const weight = `the weight ${shown} of the domain ${quoted(name)} in ${place}`
      problems.add(`${pointer}/mixture/${pointerToken(name)}`, `${weight} ${problem}`)
    }
  }
  return problems.count > before ? undefined : weights
}

function refuseNames(
  mixture: ReadonlyMap<string, unknown>,
  domains: readonly string[],
  { pointer, place }: { pointer: string; place: string },
  problems: TableProblems,
): void {
  const known = new Set(domains)
  for (const name of mixture.keys()) {
    if (known.has(name)) continue
    const detail = `the mixture in ${place} names ${quoted(name)}, which is no domain of the study`
    problems.addName(`${pointer}/mixture/${pointerToken(name)}`, detail, name, domains)
  }
  const absent = domains.filter((name) => !mixture.has(name))
  if (absent.length === 0) return
  problems.add(
    `${pointer}/mixture`,
    `the mixture in ${place} lacks ${enumerated(absent)}; give every domain, with 0 where none of it was used`,
  )
}
