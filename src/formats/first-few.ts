const MOST = 10

/** The first of a list in words, and how many more there are: `a, b and 3 more`. */
export function firstFew(texts: readonly string[], most = MOST): string {
  const shown = texts.slice(0, most).join(', ')
  const more = texts.length - most
  return more > 0 ? `${shown} and ${more} more` : shown
}
