const MOST_NAMES = 10

/** Names for a sentence, of many the first ones: `a, b and 3 more`. Where each of many errors has the list, all would be huge. */
export function nameList(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(', ')
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown
}
