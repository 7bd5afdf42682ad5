/**
 * How trials come into the hands of clients, as functions in the database: for the reasons, and in the order of locks, of
 * those for reports. Trials in hands are answered as a JSON array of `{ trial, attempt, lease }`.
 */

const LEASED = `json_build_object('trial', row_to_json(t), 'attempt', row_to_json(a), 'lease', row_to_json(l))`
const ROWS = `t mixwright.trials; a mixwright.attempts; l mixwright.leases`
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

/** The lease is read again once the trial is locked: meanwhile it may have become another client's. */
const RENEW_HELD = `
  create function mixwright.renew_held(${GRANT}) returns json[] language plpgsql as $$
  declare ${ROWS}; held json[] := '{}';
  begin
    for t in
      select trials.* from mixwright.leases
        join mixwright.attempts on attempts.id = attempt_id
        join mixwright.trials on trials.id = trial_id
        where holder = p_client and external and released_at is null
          and study_id = p_study and evaluator = 'external' and (p_fidelity is null or fidelity = p_fidelity)
        order by trials.id limit p_limit for no key update of trials
    loop
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

/** What expired in the client's hands without an attempt left is still its own: nobody else is given it. */
const OFFERABLE = `study_id = p_study and evaluator = 'external' and (p_fidelity is null or fidelity = p_fidelity)
  and ((finished_at is null and state = any(p_offerable) and attempts < p_max_attempts)
    or (state = 'expired' and attempts >= p_max_attempts and ${LAST_HELD}))`

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
      select * from mixwright.trials where ${OFFERABLE}
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
    offers := cardinality(held) < p_limit and exists (select from mixwright.trials where ${OFFERABLE});
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

/**
 * New trials from a JSON array: with a client, also an attempt and a lease; with a result, completed. Nothing is written and
 * \`inserted\` is null when the study has another number of external trials than \`p_expected\`, or another version of
 * what was tried than \`p_tried\` (null: any); when it may not have so many, \`most\`; and when there are clients \`held\`.
 */
const INSERT = `
  create function mixwright.insert_external_trials(p_study uuid, p_expected integer, p_tried integer, p_trials json,
    out inserted json[], out held text[], out most integer)
  language plpgsql as $$
  declare ${ROWS}; g record; place integer := p_expected;
    total integer := p_expected + json_array_length(p_trials);
  begin
    select (trial_policy ->> 'maxTrials')::integer into most from mixwright.studies
      where id = p_study and external_trials = p_expected and tried_version = coalesce(p_tried, tried_version)
      for no key update;
    if not found then return; end if;
    if most < total then return; end if;
    most := null;
    ${HOLDERS}
    if held is not null then return; end if;
    inserted := '{}';
    if total = p_expected then return; end if;
    update mixwright.studies set external_trials = total, tried_version = tried_version + 1 where id = p_study;
    for g in select * from json_to_recordset(p_trials) as given (id uuid, fidelity text, label text, reason text,
      weights double precision[], seed bigint, "replicateOf" uuid, "attemptId" uuid, "leaseId" uuid, client text,
      seconds double precision, result json, "eventType" text, "eventData" text)
    loop
      insert into mixwright.trials (uid, study_id, evaluator, position, role, holdout, fidelity, run_id, label,
          reason, weights, seed, replicate_of, state, attempts, finished_at)
        values (g.id, p_study, 'external', place, 'train', '', g.fidelity, g.id::text, g.label,
          g.reason, g.weights, g.seed, g."replicateOf",
          case when g.result is not null then 'completed' when g.client is not null then 'running' else 'waiting' end,
          num_nonnulls(g.client), case when g.result is not null then clock_timestamp() end)
        returning * into t;
      a := null;
      l := null;
      if g.client is not null then
        insert into mixwright.attempts (id, trial_id, number, state, started_at, finished_at)
          values (g."attemptId", t.id, 1, t.state, coalesce(t.finished_at, clock_timestamp()), t.finished_at)
          returning * into a;
        insert into mixwright.leases (id, attempt_id, holder, expires_at, released_at, external)
          values (g."leaseId", a.id, g.client, clock_timestamp() + make_interval(secs => g.seconds),
            t.finished_at, true) returning * into l;
      end if;
      if g.result is not null then
        insert into mixwright.measurements (trial_id, attempt_id, tokens, values, standard_errors, details,
            objective)
          values (t.id, a.id, (g.result ->> 'tokens')::double precision, g.result -> 'values',
            g.result -> 'standardErrors', g.result -> 'details', (g.result ->> 'objective')::double precision);
      end if;
      perform mixwright.append_trial_event(p_study, place, g."eventType", g."eventData");
      inserted := inserted || ${LEASED};
      place := place + 1;
    end loop;
  end $$`

export const HAND_OUT_FUNCTIONS = [UUID_V7, RENEW_HELD, OFFER, HAND_OUT, INSERT]
