/**
 * What clients tell of their trials, as functions in the database: a report is one round trip, its plans are kept, and each of
 * its statements sees what was committed while it waited for a lock. Times are those of the clock, not of the beginning of a
 * transaction that may have waited.
 *
 * Those that append an event lock the study first and then the trial, as the deletion of a study does. Which state allows what
 * comes with the call (`p_next`: state → next state), from the one state machine of the program. Rows are answered as JSON.
 */

const EVENT = 'p_event_type text, p_event_data text'

const TARGET = 'p_study uuid, p_trial uuid, p_lease uuid, p_client text, p_next jsonb'
export const ROWS = `t mixwright.trials; a mixwright.attempts; l mixwright.leases`
export const LOCK_STUDY = 'perform from mixwright.studies where id = p_study for no key update;'
const LOCK_TRIAL = `
    select * into t from mixwright.trials where uid = p_trial for no key update;
    if not found or t.study_id <> p_study or t.evaluator <> 'external' then outcome := 'no-trial'; return; end if;`
/** Sets the trial, and the attempt and the lease by which the client tells of it; or answers why it may not. */
const FIND_LEASE = `${LOCK_TRIAL}
    select * into l from mixwright.leases where id = p_lease and holder = p_client and external;
    select * into a from mixwright.attempts where id = l.attempt_id and trial_id = t.id;
    if not found then outcome := 'not-your-lease'; return; end if;
    trial := row_to_json(t);`

const RELEASE_LEASES = `update mixwright.leases set released_at = clock_timestamp() where released_at is null
      and attempt_id = any(array(select id from mixwright.attempts where trial_id = t.id));`

const MEASURED = 'p_tokens double precision, p_values json, p_standard_errors json, p_details json'
const REPORTED = `${MEASURED}, p_objective double precision`

/** The data of an event, with the place of its trial. Not in SQL, which would be planned again for each row. */
const PLACED = `
  create function mixwright.placed(p_data text, p_position integer) returns json immutable language plpgsql as $$
  begin
    return ('{"position":' || p_position || coalesce(',' || nullif(substr(p_data, 2), '}'), '}'))::json;
  end $$`

const APPEND_EVENT = `
  create function mixwright.append_trial_event(p_study uuid, p_position integer, ${EVENT})
  returns void language plpgsql as $$
  begin
    insert into mixwright.study_events (study_id, type, data)
      values (p_study, p_event_type, mixwright.placed(p_event_data, p_position));
    perform pg_notify('mixwright_events', p_study::text);
  end $$`

const SAME_MEASUREMENT = `
  create function mixwright.same_measurement(m mixwright.measurements, ${MEASURED})
  returns boolean immutable language plpgsql as $$
  begin
    return m.tokens = p_tokens and m.values::jsonb = p_values::jsonb
      and m.standard_errors::jsonb = p_standard_errors::jsonb and m.details::jsonb = p_details::jsonb;
  end $$`

/** What counts of a trial: the last measurement of the attempt that completed it, else of the newest that was measured. */
const LATEST = `
  create function mixwright.latest_measurement(p_trial bigint) returns setof mixwright.measurements
  stable language sql as $$
    select m.* from mixwright.attempts
      join lateral (select * from mixwright.measurements where attempt_id = attempts.id
        order by tokens desc limit 1) as m on true
      where attempts.trial_id = p_trial
      order by attempts.state = 'completed' desc, attempts.number desc limit 1
  $$`

/**
 * A sign of life; with tokens, also a measurement and its event. \`again\`, and nothing is written, when the lease has just
 * expired, of which the call did not know when it took its locks.
 */
const KEEP = `
  create function mixwright.keep_trial(${TARGET}, p_seconds double precision, ${REPORTED}, ${EVENT},
    p_resumed_type text, p_resumed_data text,
    out outcome text, out trial json, out attempt json, out lease json, out last json, out same boolean)
  language plpgsql as $$
  declare ${ROWS}; m mixwright.measurements; tells boolean := p_tokens is not null;
  begin
    tells := tells or exists (select from mixwright.trials where uid = p_trial and state <> 'running');
    if tells then ${LOCK_STUDY} end if;
    ${FIND_LEASE}
    if a.number < t.attempts then outcome := 'lease-lost'; return; end if;
    if p_next ->> t.state is null then outcome := 'illegal'; return; end if;
    if t.state <> 'running' and not tells then outcome := 'again'; return; end if;
    outcome := 'kept';
    if p_tokens is not null then
      select * into m from mixwright.measurements where attempt_id = a.id order by tokens desc limit 1;
      if m.tokens >= p_tokens then
        outcome := 'tokens-backwards';
        last := row_to_json(m);
        same := exists (select from mixwright.measurements as known where known.attempt_id = a.id
          and known.tokens = p_tokens
          and mixwright.same_measurement(known, p_tokens, p_values, p_standard_errors, p_details));
        lease := row_to_json(l);
        if not same then return; end if;
      end if;
    end if;
    update mixwright.leases set expires_at = clock_timestamp() + make_interval(secs => p_seconds),
        released_at = null
      where id = l.id returning * into l;
    if t.state <> 'running' then
      update mixwright.attempts set state = 'running', finished_at = null where id = a.id returning * into a;
      update mixwright.trials set state = p_next ->> t.state, finished_at = null where id = t.id
        returning * into t;
      trial := row_to_json(t);
      perform mixwright.append_trial_event(p_study, t.position, p_resumed_type, p_resumed_data);
    end if;
    if p_tokens is not null and outcome = 'kept' then
      insert into mixwright.measurements (trial_id, attempt_id, tokens, values, standard_errors, details,
          objective)
        values (t.id, a.id, p_tokens, p_values, p_standard_errors, p_details, p_objective);
      perform mixwright.append_trial_event(p_study, t.position, p_event_type, p_event_data);
    end if;
    attempt := row_to_json(a);
    lease := row_to_json(l);
  end $$`

/** \`t\` has ended with metrics by another attempt: what \`a\` has measured becomes a trial of its own, in \`t\`. */
const KEEP_REPLICATE = `
  create function mixwright.keep_replicate(t mixwright.trials, a mixwright.attempts, p_replicate uuid, ${REPORTED})
  returns mixwright.trials language plpgsql as $$
  declare r mixwright.trials; place integer; own uuid := mixwright.uuid_v7();
  begin
    update mixwright.studies set external_trials = external_trials + 1, tried_version = tried_version + 1
      where id = t.study_id
      returning external_trials - 1 into place;
    insert into mixwright.trials (uid, study_id, evaluator, position, role, holdout, fidelity, run_id, label,
        reason, weights, seed, replicate_of, state, attempts, finished_at)
      values (p_replicate, t.study_id, t.evaluator, place, t.role, t.holdout, t.fidelity, p_replicate::text,
        t.label, t.reason, t.weights, t.seed, t.uid, 'completed', 1, clock_timestamp())
      returning * into r;
    insert into mixwright.attempts (id, trial_id, number, state, started_at, finished_at)
      values (own, r.id, 1, 'completed', a.started_at, clock_timestamp());
    insert into mixwright.measurements (trial_id, attempt_id, tokens, values, standard_errors, details,
          objective)
      values (r.id, own, p_tokens, p_values, p_standard_errors, p_details, p_objective);
    update mixwright.attempts set replicate_id = p_replicate where id = a.id;
    return r;
  end $$`

const READ_LATEST =
  'select row_to_json(counts) into last from mixwright.latest_measurement(t.id) as counts;'

const END = `
  create function mixwright.end_trial(${TARGET}, p_kind text, ${REPORTED}, p_reason text, ${EVENT},
    p_replicate uuid, p_replicate_event_type text, p_replicate_event_data text,
    out outcome text, out trial json, out last json)
  language plpgsql as $$
  declare ${ROWS}; m mixwright.measurements; told text; agrees boolean; ended timestamptz;
  begin
    ${LOCK_STUDY}
    ${FIND_LEASE}
    select * into m from mixwright.measurements where attempt_id = a.id order by tokens desc limit 1;

    -- What this attempt has told before. A completion without metrics may still be completed.
    if a.replicate_id is not null then
      told := 'completed';
      select * into t from mixwright.trials where uid = a.replicate_id;
      select * into m from mixwright.measurements where trial_id = t.id;
      trial := row_to_json(t);
    elsif a.state in ('completed', 'stopped') and t.state <> 'abandoned' then
      told := t.state;
    end if;
    agrees := p_tokens is null
      or coalesce(mixwright.same_measurement(m, p_tokens, p_values, p_standard_errors, p_details), false);
    if told is not null and (told <> 'completed-without-metrics' or p_kind = told) then
      outcome := case when p_kind = told and agrees then 'repeated' else 'conflict' end;
      if outcome = 'conflict' and m.id is not null then last := row_to_json(m); end if;
      if outcome = 'repeated' then ${READ_LATEST} end if;
      return;
    end if;

    if not (p_kind = 'completed' and t.state in ('completed', 'stopped')) then
      if p_kind <> 'completed' and a.number < t.attempts then outcome := 'lease-lost'; return; end if;
      if p_next ->> t.state is null then outcome := 'illegal'; return; end if;
    end if;
    if p_kind <> 'completed-without-metrics' and num_nonnulls(p_tokens, m.tokens) = 0 then
      outcome := 'unmeasured'; return;
    end if;
    if p_tokens <= m.tokens and not agrees then
      outcome := 'tokens-backwards'; last := row_to_json(m); return;
    end if;

    if p_next ->> t.state is null then
      t := mixwright.keep_replicate(t, a, p_replicate, coalesce(p_tokens, m.tokens), coalesce(p_values, m.values),
        coalesce(p_standard_errors, m.standard_errors), coalesce(p_details, m.details),
        case when p_tokens is null then m.objective else p_objective end);
      outcome := 'replicate';
      perform mixwright.append_trial_event(p_study, t.position, p_replicate_event_type, p_replicate_event_data);
    else
      if p_tokens is distinct from m.tokens and p_tokens is not null then
        insert into mixwright.measurements (trial_id, attempt_id, tokens, values, standard_errors, details,
          objective)
          values (t.id, a.id, p_tokens, p_values, p_standard_errors, p_details, p_objective);
      end if;
      ${RELEASE_LEASES}
      ended := clock_timestamp();
      update mixwright.attempts set state = 'superseded', finished_at = coalesce(finished_at, ended)
        where trial_id = t.id and id <> a.id and state in ('running', 'completed');
      update mixwright.attempts set state = case p_kind when 'stopped' then 'stopped' else 'completed' end,
          problem = null, finished_at = ended where id = a.id;
      update mixwright.trials set state = p_next ->> t.state, problem = null,
          finished_at = coalesce(finished_at, ended),
          end_reason = case p_kind when 'stopped' then coalesce(p_reason, end_reason) else p_reason end
        where id = t.id returning * into t;
      outcome := 'completed';
      perform mixwright.append_trial_event(p_study, t.position, p_event_type, p_event_data);
    end if;
    ${READ_LATEST}
    trial := row_to_json(t);
  end $$`

const FAIL = `
  create function mixwright.fail_trial(${TARGET}, p_problem json, p_max_attempts integer, ${EVENT},
    out outcome text, out trial json)
  language plpgsql as $$
  declare ${ROWS};
  begin
    ${LOCK_STUDY}
    ${FIND_LEASE}
    if a.state = 'failed' then outcome := 'repeated'; return; end if;
    if a.number < t.attempts then outcome := 'lease-lost'; return; end if;
    if p_next ->> t.state is null then outcome := 'illegal'; return; end if;
    update mixwright.leases set released_at = coalesce(released_at, clock_timestamp()) where id = l.id;
    update mixwright.attempts set state = 'failed', problem = p_problem, finished_at = clock_timestamp() where id = a.id;
    update mixwright.trials set state = p_next ->> t.state, problem = p_problem,
        finished_at = case when attempts >= p_max_attempts then coalesce(finished_at, clock_timestamp()) end
      where id = t.id returning * into t;
    outcome := 'failed';
    trial := row_to_json(t);
    perform mixwright.append_trial_event(p_study, t.position, p_event_type, p_event_data);
  end $$`

const CLOSE_ATTEMPTS = `
    ${RELEASE_LEASES}
    update mixwright.attempts set state = 'cancelled', finished_at = clock_timestamp()
      where trial_id = t.id and state = 'running';`

const ABANDON = `
  create function mixwright.abandon_trial(p_study uuid, p_trial uuid, p_next jsonb, p_reason text, ${EVENT},
    out outcome text, out trial json)
  language plpgsql as $$
  declare t mixwright.trials;
  begin
    ${LOCK_STUDY}
    ${LOCK_TRIAL}
    trial := row_to_json(t);
    if t.state = 'abandoned' then outcome := 'repeated'; return; end if;
    if p_next ->> t.state is null then outcome := 'illegal'; return; end if;
    ${CLOSE_ATTEMPTS}
    update mixwright.trials set state = p_next ->> t.state, problem = null, end_reason = p_reason,
        finished_at = coalesce(finished_at, clock_timestamp())
      where id = t.id returning * into t;
    outcome := 'abandoned';
    trial := row_to_json(t);
    perform mixwright.append_trial_event(p_study, t.position, p_event_type, p_event_data);
  end $$`

const REQUEST_STOP = `
  create function mixwright.request_stop(p_trial uuid, p_reason text, ${EVENT}) returns boolean
  language plpgsql as $$
  declare t mixwright.trials; p_study uuid;
  begin
    select study_id into p_study from mixwright.trials where uid = p_trial;
    ${LOCK_STUDY}
    update mixwright.trials set stop_requested_at = clock_timestamp(), end_reason = p_reason
      where uid = p_trial and evaluator = 'external' and state = 'running' and stop_requested_at is null
      returning * into t;
    if not found then return false; end if;
    perform mixwright.append_trial_event(p_study, t.position, p_event_type, p_event_data);
    return true;
  end $$`

export const REPORT_FUNCTIONS = [
  PLACED,
  APPEND_EVENT,
  SAME_MEASUREMENT,
  LATEST,
  KEEP,
  KEEP_REPLICATE,
  END,
  FAIL,
  ABANDON,
  REQUEST_STOP,
]
