import { type Kysely, type Migration, sql } from 'kysely'

/** Searches that choose their trials one after the other. */
export const adaptiveSearches: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ADVANCED).execute(db)
  },
}

const ADVANCED = `
  alter table mixwright.searches
    add column fidelities text[],
    add column budget double precision check (budget > 0),
    add column parallel integer check (parallel >= 1),
    add constraint searches_chosen_by_results check (parallel is not null or fidelities is null),
    add constraint searches_of_one_kind check (purpose = 'search' or num_nonnulls(fidelities, budget, parallel) = 0)`
