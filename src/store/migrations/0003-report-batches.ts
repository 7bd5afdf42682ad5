import { LOCK_STUDY } from './0003-report-functions.js'

/** Many reports on the trials of a study in one transaction, as a function in the database. */

const CALLED_BY = 'p_study, r.trial, r.lease, r.client, r.next'
const MEASURED_BY = 'r.tokens, r."values", r."standardErrors", r.details, r.objective'
const TOLD_BY = 'r."eventType", r."eventData"'
const OTHERWISE_TOLD_BY = 'r."otherType", r."otherData"'

const REPORTS = `(
      select reports.*, count(*) over (partition by trial) as of_the_trial
      from rows from (json_to_recordset(p_reports) as (what text, trial uuid, lease uuid, client text, next jsonb,
        seconds double precision, tokens double precision, "values" json, "standardErrors" json, details json,
        objective double precision, kind text, reason text, "replicateId" uuid, problem json, "maxAttempts" integer,
        "eventType" text, "eventData" text, "otherType" text, "otherData" text)) with ordinality as reports (what, trial,
        lease, client, next, seconds, tokens, "values", "standardErrors", details, objective, kind, reason, "replicateId",
        problem, "maxAttempts", "eventType", "eventData", "otherType", "otherData", place))`

/**
 * What nearly all reports are: the next measurement of a trial that runs, from the client that has it. They are written together,
 * in one statement; \`keep_trial\` would do the same for each. (\`offset 0\`: without statistics the planner would go through
 * all trials of the study for each report.)
 */
const KEEP_PLAIN = `
    with plain as materialized (
        select r.*, t.id as trial_id, t.position, a.id as attempt_id, row_to_json(t.*) as t, row_to_json(a.*) as a
        from ${REPORTS} as r
          join lateral (select * from mixwright.trials where uid = r.trial offset 0) as t
            on study_id = p_study and evaluator = 'external'
          join mixwright.leases as l on l.id = r.lease and holder = r.client and external and released_at is null
          join mixwright.attempts as a on a.id = attempt_id and trial_id = t.id and number = t.attempts
        where what = 'keep' and of_the_trial = 1 and t.state = 'running' and next ->> 'running' = 'running'
          and r.tokens > coalesce((select max(m.tokens) from mixwright.measurements as m where m.attempt_id = a.id), -1)
      ),
      renewed as (
        update mixwright.leases set expires_at = clock_timestamp() + make_interval(secs => seconds)
        from plain where leases.id = plain.lease returning leases.*
      ),
      measured as (
        insert into mixwright.measurements (trial_id, attempt_id, tokens, values, standard_errors, details, objective)
        select trial_id, attempt_id, tokens, "values", "standardErrors", details, objective from plain order by place
      ),
      told as (
        insert into mixwright.study_events (study_id, type, data)
        select p_study, "eventType", mixwright.placed("eventData", position) from plain order by place
      )
      select array_agg(plain.place),
          array_agg(json_build_object('outcome', 'kept', 'trial', t, 'attempt', a, 'lease', row_to_json(renewed.*)))
        into places, answers
        from plain join renewed on renewed.id = plain.lease;`

/**
 * Reports on the trials of a study, from a JSON array; the answer to each with its place in the array, from 1. The trials are
 * locked in the order in which \`renew_held\` locks them, which locks no study.
 */
export const REPORT_BATCH = `
  create function mixwright.report(p_study uuid, p_reports json) returns table (place bigint, answer json)
  language plpgsql as $$
  #variable_conflict use_column
  declare r record; places bigint[]; answers json[];
  begin
    ${LOCK_STUDY}
    if json_array_length(p_reports) > 1 then
      perform from mixwright.trials where id = any(array(
          select id from json_to_recordset(p_reports) as reports (trial uuid)
            cross join lateral (select id from mixwright.trials where uid = reports.trial offset 0) as t))
        order by id for no key update;
      ${KEEP_PLAIN}
      if places is not null then
        perform pg_notify('mixwright_events', p_study::text);
        return query select * from unnest(places, answers);
      end if;
    end if;
    for r in select * from ${REPORTS} as r where places is null or r.place <> all(places) order by r.place loop
      place := r.place;
      case r.what
        when 'keep' then select row_to_json(k) into answer from mixwright.keep_trial(${CALLED_BY}, r.seconds,
          ${MEASURED_BY}, ${TOLD_BY}, ${OTHERWISE_TOLD_BY}) as k;
        when 'end' then select row_to_json(e) into answer from mixwright.end_trial(${CALLED_BY}, r.kind,
          ${MEASURED_BY}, r.reason, ${TOLD_BY}, r."replicateId", ${OTHERWISE_TOLD_BY}) as e;
        when 'fail' then select row_to_json(f) into answer from mixwright.fail_trial(${CALLED_BY},
          r.problem, r."maxAttempts", ${TOLD_BY}) as f;
      end case;
      return next;
    end loop;
  end $$`
