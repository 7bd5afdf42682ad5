import { sql } from 'kysely'
import type { Database } from '../database.js'

/** SQL over the rows of imports. Rows travel as JSON text in both directions: PostgreSQL makes and takes it apart. */

/** The rows of a JSON text parameter, as a table `given`. */
const given = (rowsJson: string) => sql`
  rows from (json_to_recordset(${rowsJson}::json)
    as ("runId" text, weights double precision[], "values" json, "standardErrors" json, tokens double precision))
  with ordinality as given (run_id, weights, "values", standard_errors, tokens, place)`

/**
 * Inserts trials and their measurements in one statement. Rejects with a unique violation when a run id is taken, and
 * when the import is not staging.
 */
export async function insertRuns(db: Database, importId: string, rowsJson: string): Promise<void> {
  const { rows } = await sql<{ given: number; inserted: number }>`
    with given as materialized (select * from ${given(rowsJson)}),
    target as (
      select id, study_id, role, holdout, fidelity from mixwright.imports
      where id = ${importId} and state = 'staging' for share
    ),
    inserted as (
      insert into mixwright.trials (study_id, import_id, role, holdout, fidelity, run_id, weights)
      select study_id, target.id, role, holdout, fidelity, run_id, weights
      from target, given order by place
      returning id, run_id
    ),
    measured as (
      insert into mixwright.measurements (trial_id, tokens, values, standard_errors)
      select inserted.id, tokens, "values", standard_errors from inserted join given using (run_id) order by inserted.id
      returning 1
    )
    select (select count(*) from given) as given, (select count(*) from measured) as inserted`.execute(
    db,
  )
  if (rows[0].inserted !== rows[0].given)
    throw new Error(`the import ${importId} is not open for rows`)
}

/** Run ids of the rows that are there already or are given twice; at most 20, sorted. */
export async function findDuplicateRuns(
  db: Database,
  importId: string,
  rowsJson: string,
): Promise<string[]> {
  const { rows } = await sql<{ runId: string }>`
    with given as materialized (select run_id from ${given(rowsJson)})
    select run_id from given group by run_id having count(*) > 1
    union
    select run_id from given
    join mixwright.trials as trials using (run_id)
    join mixwright.imports as target using (study_id, role, holdout, fidelity)
    where target.id = ${importId}
    order by run_id limit 20`.execute(db)
  return rows.map(({ runId }) => runId)
}

/** Pages of rows of complete imports, in the order of insertion, as JSON text. */
export async function* readRunPages(
  db: Database,
  importIds: readonly string[],
  pageRows: number,
): AsyncGenerator<string, void, undefined> {
  let after: number | string = 0
  for (;;) {
    const page = await readRunPage(db, importIds, after, pageRows)
    if (page === undefined) return
    yield page.text
    after = page.last
  }
}

async function readRunPage(
  db: Database,
  importIds: readonly string[],
  after: number | string,
  pageRows: number,
): Promise<{ text: string; last: number | string } | undefined> {
  const { rows } = await sql<{ text: string | null; last: number | string }>`
    with page as (
      select trials.id, run_id, weights, trials.import_id
      from mixwright.trials
      where import_id in (
        select id from mixwright.imports where id = any(${[...importIds]}::uuid[]) and state = 'complete'
      ) and trials.id > ${after}
      order by trials.id limit ${pageRows}
    )
    select json_agg(case when standard_errors is null
        then json_build_object('runId', run_id, 'weights', weights, 'values', measurements.values,
          'tokens', tokens, 'importId', import_id)
        else json_build_object('runId', run_id, 'weights', weights, 'values', measurements.values,
          'standardErrors', standard_errors, 'tokens', tokens, 'importId', import_id)
        end order by page.id, measurements.id)::text as text,
      max(page.id) as last
    from page join mixwright.measurements on trial_id = page.id`.execute(db)
  const { text, last } = rows[0]
  return text === null ? undefined : { text, last }
}
