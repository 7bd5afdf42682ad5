/** A line of a ledger, and the rows of a study: as the scripts write and read them. */
export function findViolations(entries: readonly object[], database: object): string[]
