import type { FieldError } from '../../errors.js'
import { firstFew } from '../first-few.js'
import { didYouMean } from '../nearest-name.js'

/** How many problems of a table are kept; further ones are only counted. */
export const MAX_LISTED_PROBLEMS = 100
/** How many of them are looked up among the known names: comparing every name of a wide table would take long. */
const MAX_SUGGESTIONS = 20

/** What is wrong with a table: the first problems in full, and how many there are. */
export class TableProblems {
  readonly listed: FieldError[] = []
  count = 0
  private suggestions = 0

  add(pointer: string, detail: string): void {
    this.count++
    if (this.listed.length < MAX_LISTED_PROBLEMS) this.listed.push({ pointer, detail })
  }

  /** Adds a problem about a name, with the known names that are like it. */
  addName(pointer: string, detail: string, name: string, known: readonly string[]): void {
    const suggestion = this.suggestions++ < MAX_SUGGESTIONS ? didYouMean(name, known) : ''
    this.add(pointer, detail + suggestion)
  }
}

/** Quotes what a user wrote, cut to a readable length. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
}

/** The first names of a list, and how many more there are. */
export function enumerated(names: readonly string[], shown = 5): string {
  return firstFew(names.map(quoted), shown)
}
