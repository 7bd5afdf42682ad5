import { ROWS } from './0003-report-functions.js'

/**
 * How trials come into the hands of clients, as functions in the database: for the reasons, and in the order of locks, of
 * those for reports. Trials in hands are answered as a JSON array of `{ trial, attempt, lease }`.
 *
 * The embedded database keeps no statistics, and a server's are late. What must not go through all trials of a study therefore
 * leaves the planner no choice: `offset 0` and arrays of ids are fences.
 */

const LEASED = `json_build_object('trial', row_to_json(t), 'attempt', row_to_json(a), 'lease', row_to_json(l))`
const GRANT =
  'p_study uuid, p_fidelity text, p_client text, p_seconds double precision, p_limit integer'

const EXPIRY = 'clock_timestamp() + make_interval(secs => p_seconds)'

/** Version 7 (RFC 9562): milliseconds first, the rest random; newer than version 4 by two bits. */
const UUID_V7 = `
  create function mixwright.uuid_v7() returns uuid volatile language sql as $$
    select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
      placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
  $$`

const AT_FIDELITY = `study_id = p_study and evaluator = 'external' and (p_fidelity is null or fidelity = p_fidelity)`

/** Trials with a lease of one of the clients. */
const heldBy = (clients: string) => `
  select tried.id as trial_id, held.holder
    from (select attempt_id, holder from mixwright.leases
      where holder = any(${clients}) and external and released_at is null offset 0) as held
    cross join lateral (select trial_id from mixwright.attempts where id = held.attempt_id offset 0) as own
    cross join lateral (select * from mixwright.trials where id = own.trial_id offset 0) as tried
    where ${AT_FIDELITY}`

/** The lease is read again once the trial is locked: meanwhile it may have become another client's. */
const RENEW_HELD = `
  create function mixwright.renew_held(${GRANT}) returns json[] language plpgsql as $$
  declare ${ROWS}; own bigint; held json[] := '{}';
  begin
    for own in select trial_id from (${heldBy('array[p_client]')}) as leased order by 1 loop
      exit when cardinality(held) >= p_limit;
      select * into t from mixwright.trials where id = own for no key update;
      select * into a from mixwright.attempts where trial_id = t.id and state = 'running';
      update mixwright.leases set expires_at = ${EXPIRY}
        where attempt_id = a.id and holder = p_client and released_at is null returning * into l;
      if found then held := held || ${LEASED}; end if;
    end loop;
    return held;
  end $$`

/** Whose the newest attempt was. */
const LAST_HELD = `exists (select from mixwright.attempts as newest
  join mixwright.leases on leases.attempt_id = newest.id
  where newest.trial_id = trials.id and newest.number = trials.attempts and holder = p_client and external)`

const HAS_ATTEMPTS =
  'finished_at is null and state = any(p_offerable) and attempts < p_max_attempts'

/** What expired in the client's hands without an attempt left is still its own: nobody else is given it. */
const IS_OFFERABLE = `${AT_FIDELITY} and (finished_at is null or state = 'expired')
  and ((${HAS_ATTEMPTS}) or (state = 'expired' and attempts >= p_max_attempts and ${LAST_HELD}))`

/** By state: most trials of a study run, or have ended. */
const isAny = (condition: string) => `exists (
      select from unnest(p_offerable || '{expired}'::text[]) as open (state)
        cross join lateral (select from mixwright.trials
          where trials.state = open.state and ${condition} limit 1) as one)`

/** A trial that somebody else has locked is being given to another client, or is told about. */
const OFFER = `
  create function mixwright.offer_trials(${GRANT}, p_max_attempts integer, p_offerable text[],
    out offered json[], out resumed json[])
  language plpgsql as $$
  declare ${ROWS};
  begin
    offered := '{}';
    resumed := '{}';
    perform from mixwright.studies where id = p_study for no key update;
    for t in
      select * from mixwright.trials where ${IS_OFFERABLE}
        order by not (state = 'expired' and ${LAST_HELD}), state <> 'waiting', id
        limit p_limit for no key update skip locked
    loop
      if t.state = 'expired' and t.attempts >= p_max_attempts then
        update mixwright.attempts set state = 'running', finished_at = null
          where trial_id = t.id and number = t.attempts returning * into a;
        update mixwright.leases set expires_at = ${EXPIRY}, released_at = null
          where attempt_id = a.id and holder = p_client and external returning * into l;
        update mixwright.trials set state = 'running', finished_at = null where id = t.id returning * into t;
        resumed := resumed || ${LEASED};
        continue;
      end if;
      update mixwright.attempts set state = 'lost', finished_at = clock_timestamp()
        where trial_id = t.id and state = 'running';
      insert into mixwright.attempts (id, trial_id, number, started_at)
        values (mixwright.uuid_v7(), t.id, t.attempts + 1, clock_timestamp())
        returning * into a;
      insert into mixwright.leases (id, attempt_id, holder, expires_at, external)
        values (mixwright.uuid_v7(), a.id, p_client, ${EXPIRY}, true) returning * into l;
      update mixwright.trials set state = 'running', attempts = a.number, problem = null,
          stop_requested_at = null, end_reason = null
        where id = t.id returning * into t;
      offered := offered || ${LEASED};
    end loop;
  end $$`

/** \`offers\`: more is wanted than is held, and something can be offered. */
const HAND_OUT = `
  create function mixwright.hand_out(${GRANT}, p_max_attempts integer, p_offerable text[],
    out held json[], out offers boolean)
  language plpgsql as $$
  begin
    held := mixwright.renew_held(p_study, p_fidelity, p_client, p_seconds, p_limit);
    offers := cardinality(held) < p_limit and ${isAny(IS_OFFERABLE)};
  end $$`

/** Of many clients those that have something to get by \`hand_out\`; \`offers\`: all of them have. */
const WITH_OLD = `
  create function mixwright.clients_with_old(p_study uuid, p_fidelity text, p_clients text[],
    p_max_attempts integer, p_offerable text[], out offers boolean, out clients text[])
  language plpgsql as $$
  begin
    offers := ${isAny(`${AT_FIDELITY} and ${HAS_ATTEMPTS}`)};
    if offers then return; end if;
    clients := array(
      select holder from (${heldBy('p_clients')}) as held
      union
      select held.holder
        from (select id, attempts from mixwright.trials
          where state = 'expired' and attempts >= p_max_attempts and ${AT_FIDELITY} offset 0) as lost
        cross join lateral (select id from mixwright.attempts
          where trial_id = lost.id and number = lost.attempts offset 0) as newest
        cross join lateral (select holder from mixwright.leases
          where attempt_id = newest.id and holder = any(p_clients) and external offset 0) as held);
  end $$`

/** Clients that have more in hands than they say. */
const HOLDERS = `
    select array_agg(distinct asked.client) into held
      from json_to_recordset(p_trials) as asked (client text, holds integer, "holdsAt" text)
      where asked.holds < (select count(*) from mixwright.leases
        join mixwright.attempts on attempts.id = leases.attempt_id
        join mixwright.trials on trials.id = attempts.trial_id
        where holder = asked.client and external and released_at is null and study_id = p_study
          and (asked."holdsAt" is null or fidelity = asked."holdsAt"));`

/** The new trials, one row each, at their places. */
const GIVEN = `
      given as materialized (
        select *, (p_expected - 1 + place)::integer as position
        from rows from (json_to_recordset(p_trials) as (id uuid, fidelity text, label text, reason text,
          weights double precision[], seed bigint, "replicateOf" uuid, "attemptId" uuid, "leaseId" uuid, client text,
          seconds double precision, result json, "eventType" text, "eventData" text))
          with ordinality as given (id, fidelity, label, reason, weights, seed, "replicateOf", "attemptId", "leaseId",
            client, seconds, result, "eventType", "eventData", place)
      )`

/**
 * New trials from a JSON array: with a client, also an attempt and a lease; with a result, completed. They begin at
 * \`inserted_at\`. Nothing is written and that is null when the study has another number of external trials than
 * \`p_expected\`, or another version of what was tried than \`p_tried\`; when it may not have so many, \`most\`; and when
 * there are clients \`held\`. All in one statement a table: what is done for each row apart adds up.
 */
const INSERT = `
  create function mixwright.insert_external_trials(p_study uuid, p_expected integer, p_tried integer, p_trials json,
    out inserted_at timestamptz, out held text[], out most integer)
  language plpgsql as $$
  declare total integer := p_expected + json_array_length(p_trials);
    begun timestamptz(3);
  begin
    select (trial_policy ->> 'maxTrials')::integer into most from mixwright.studies
      where id = p_study and external_trials = p_expected and tried_version = p_tried for no key update;
    if not found then return; end if;
    if most < total then return; end if;
    most := null;
    ${HOLDERS}
    if held is not null then return; end if;
    begun := clock_timestamp();
    inserted_at := begun;
    if total = p_expected then return; end if;
    update mixwright.studies set external_trials = total, tried_version = tried_version + 1 where id = p_study;
    with ${GIVEN},
      t as (
        insert into mixwright.trials (uid, study_id, evaluator, position, role, holdout, fidelity, run_id, label,
          reason, weights, seed, replicate_of, state, attempts, created_at, finished_at)
        select id, p_study, 'external', position, 'train', '', fidelity, id::text, label,
          reason, weights, seed, "replicateOf",
          case when result is not null then 'completed' when client is not null then 'running' else 'waiting' end,
          num_nonnulls(client), begun, case when result is not null then begun end
        from given order by place returning id, uid, state, finished_at
      ),
      a as (
        insert into mixwright.attempts (id, trial_id, number, state, started_at, finished_at)
        select "attemptId", t.id, 1, t.state, begun, t.finished_at
        from given join t on t.uid = given.id where client is not null
      ),
      l as (
        insert into mixwright.leases (id, attempt_id, holder, expires_at, released_at, external)
        select "leaseId", "attemptId", client, begun + make_interval(secs => seconds),
          case when result is not null then begun end, true
        from given where client is not null
      ),
      m as (
        insert into mixwright.measurements (trial_id, attempt_id, tokens, values, standard_errors, details,
          objective)
        select t.id, "attemptId", (result ->> 'tokens')::double precision, result -> 'values',
          result -> 'standardErrors', result -> 'details', (result ->> 'objective')::double precision
        from given join t on t.uid = given.id where result is not null
      )
      insert into mixwright.study_events (study_id, type, data)
        select p_study, "eventType", mixwright.placed("eventData", position) from given order by place;
    perform pg_notify('mixwright_events', p_study::text);
  end $$`

export const HAND_OUT_FUNCTIONS = [UUID_V7, RENEW_HELD, OFFER, HAND_OUT, WITH_OLD, INSERT]
