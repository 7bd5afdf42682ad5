// What was acknowledged, and what the database has: two accounts of the same, made by different programs.
import pg from 'pg'

/** @returns figures, and a line for everything that must not be */
export async function audit(databaseUrl, study, entries) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const database = await readDatabase(client, study)
    return {
      figures: figures(entries, database),
      violations: findViolations(entries, database),
    }
  } finally {
    await client.end()
  }
}

/** @param database rows of the study, as `readDatabase` reads them */
export function findViolations(entries, database) {
  return [
    ...missingMeasurements(entries, database),
    ...wrongCompletions(entries, database),
    ...doubleCompletions(entries, database),
    ...sharedTrials(entries, database),
    ...unendedTrials(database),
    ...oddAnswers(entries),
  ]
}

async function readDatabase(client, study) {
  const rows = async (text) => (await client.query(text, [study])).rows
  const trials = await rows(
    `select id, uid, state, evaluator, replicate_of, finished_at, attempts from mixwright.trials where study_id = $1`,
  )
  const attempts = await rows(
    `select a.id, t.uid as trial, a.number, a.state, a.replicate_id, a.started_at from mixwright.attempts a
     join mixwright.trials t on t.id = a.trial_id where t.study_id = $1 order by t.id, a.number`,
  )
  const leases = await rows(
    `select l.id, l.holder, l.expires_at, l.released_at, a.id as attempt, a.number, a.started_at, t.uid as trial
     from mixwright.leases l join mixwright.attempts a on a.id = l.attempt_id
     join mixwright.trials t on t.id = a.trial_id where t.study_id = $1 order by t.id, a.number`,
  )
  const measurements = await rows(
    `select m.tokens, m.values, m.attempt_id as attempt, t.uid as trial from mixwright.measurements m
     join mixwright.trials t on t.id = m.trial_id where t.study_id = $1`,
  )
  const events = await rows(
    `select type, data ->> 'trialId' as trial, (data ->> 'attempt')::int as attempt, data ->> 'client' as client
     from mixwright.study_events where study_id = $1 and data ->> 'trialId' is not null order by id`,
  )
  return { trials, attempts, leases, measurements, events }
}

const isSame = (a, b) =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, value]) => b[name] === value)

const of = (entries, type) => entries.filter((entry) => entry.type === type)

/** Every acknowledged measurement is there, of its attempt, at its tokens, with its values: or in the attempt's replicate. */
function missingMeasurements(entries, { leases, measurements, attempts }) {
  const attemptOf = new Map(leases.map(({ id, attempt }) => [id, attempt]))
  const replicateOf = new Map(attempts.map(({ id, replicate_id }) => [id, replicate_id]))
  const found = new Map()
  for (const { attempt, trial, tokens, values } of measurements) {
    for (const owner of [attempt, trial]) found.set(`${owner} ${tokens}`, values)
  }
  const told = [...of(entries, 'measured'), ...of(entries, 'completed')]
  return told.flatMap(({ type, trial, lease, tokens, values }) => {
    const attempt = attemptOf.get(lease)
    const owners = [attempt, replicateOf.get(attempt)]
    const stored = owners.map((owner) => found.get(`${owner} ${tokens}`)).find(Boolean)
    if (stored && isSame(stored, values)) return []
    return [`missing: ${type} of trial ${trial} at ${tokens} tokens under lease ${lease}`]
  })
}

/** What was said to be completed is, under the id that was said. */
function wrongCompletions(entries, { trials }) {
  const byId = new Map(trials.map((trial) => [trial.uid, trial]))
  return of(entries, 'completed').flatMap(({ trial, id, status }) => {
    const stored = byId.get(id)
    const isRight =
      stored?.state === 'completed' &&
      (status === 201
        ? id !== trial && stored.replicate_of === trial
        : id === trial || stored.replicate_of === trial)
    return isRight
      ? []
      : [`completed with ${status} as ${id}, but that is ${JSON.stringify(stored)}`]
  })
}

function doubleCompletions(entries, { trials, attempts, events }) {
  const violations = []
  const completing = count(
    attempts.filter(({ state }) => state === 'completed').map(({ trial }) => trial),
  )
  for (const [trial, number] of completing) {
    if (number > 1) violations.push(`completed by ${number} attempts: trial ${trial}`)
  }
  const told = count(
    events.filter(({ type }) => type === 'trial-completed').map(({ trial }) => trial),
  )
  for (const [trial, number] of told) {
    if (number > 1) violations.push(`told of ${number} times: the completion of trial ${trial}`)
  }
  for (const { uid } of trials.filter(({ state }) => state === 'completed')) {
    if (!told.has(uid)) violations.push(`never told of: the completion of trial ${uid}`)
  }
  const leasesOf = new Map()
  for (const { id, lease } of of(entries, 'completed')) {
    leasesOf.set(id, new Set([...(leasesOf.get(id) ?? []), lease]))
  }
  for (const [id, leases] of leasesOf) {
    if (leases.size > 1) violations.push(`acknowledged under ${leases.size} leases: trial ${id}`)
  }
  return violations
}

function count(values) {
  const counts = new Map()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

/** A lease has one holder, and the next one on its trial begins when it has been given back or has expired. */
function sharedTrials(entries, { leases, events }) {
  const violations = []
  const holders = new Map(leases.map(({ id, holder }) => [id, holder]))
  for (const { client, lease } of of(entries, 'held')) {
    if (holders.get(lease) !== client) {
      violations.push(`given to ${client}, but held by ${holders.get(lease)}: lease ${lease}`)
    }
  }
  for (const [trial, list] of groupedByTrial(leases)) {
    for (let i = 1; i < list.length; i++) {
      const [before, after] = [list[i - 1], list[i]]
      const ends = [before.released_at, before.expires_at].filter((end) => end !== null)
      const overlapMs = Math.min(...ends.map((end) => end - after.started_at))
      if (overlapMs <= 0) continue
      const who = `${before.holder} and ${after.holder}`
      violations.push(`held by ${who} at a time, for ${overlapMs} ms: trial ${trial}`)
    }
  }
  for (const [trial, list] of groupedByTrial(events))
    violations.push(...handedOutTwice(trial, list))
  return violations
}

const HANDS_OUT = 'trial-suggested'
const TAKES_BACK = new Set(['trial-expired', 'trial-failed'])
const GIVES_AGAIN = new Set([HANDS_OUT, 'trial-measured', 'trial-resumed'])

/**
 * The events of a study are in the order in which they were committed. Between two of a trial's being handed out it must have been
 * taken back, for good: a sign of life brings an expired lease back to its client.
 */
function handedOutTwice(trial, events) {
  const violations = []
  let holder
  let attempt = 0
  for (const event of events) {
    if (event.type === HANDS_OUT) {
      if (holder !== undefined) {
        violations.push(`handed to ${event.client} while ${holder} held it: trial ${trial}`)
      }
      if (event.attempt !== attempt + 1) {
        violations.push(`handed out as attempt ${event.attempt} after ${attempt}: trial ${trial}`)
      }
      attempt = event.attempt
    }
    if (GIVES_AGAIN.has(event.type)) holder = event.client ?? holder ?? 'its last client'
    if (TAKES_BACK.has(event.type)) holder = undefined
  }
  return violations
}

function groupedByTrial(rows) {
  const groups = new Map()
  for (const row of rows) {
    const group = groups.get(row.trial)
    if (group) group.push(row)
    else groups.set(row.trial, [row])
  }
  return groups
}

const ENDED = new Set([
  'completed',
  'completed-without-metrics',
  'stopped',
  'abandoned',
  'cancelled',
])

function unendedTrials({ trials }) {
  return trials
    .filter(({ state, finished_at }) => !ENDED.has(state) && finished_at === null)
    .map(({ uid, state }) => `still ${state}: trial ${uid}`)
}

/** Answers that nobody should get. */
function oddAnswers(entries) {
  return ['internal', 'replayed otherwise', 'refused'].flatMap((type) =>
    of(entries, type).map((entry) => `${type}: ${JSON.stringify(entry)}`),
  )
}

function figures(entries, { trials, attempts, measurements }) {
  const external = trials.filter(({ evaluator }) => evaluator === 'external')
  const lives = new Map()
  for (const entry of of(entries, 'noted')) lives.set(`${entry.first} ${entry.life}`, entry)
  const notes = [...lives.values()]
  const refusals = {}
  for (const note of notes) {
    for (const [code, number] of Object.entries(note.refusals)) {
      refusals[code] = (refusals[code] ?? 0) + number
    }
  }
  return {
    externalTrials: external.length,
    replicates: external.filter(({ replicate_of }) => replicate_of !== null).length,
    completed: external.filter(({ state }) => state === 'completed').length,
    proxyTrials: trials.length - external.length,
    attempts: attempts.length,
    attemptsLost: attempts.filter(({ state }) => state === 'lost').length,
    measurements: measurements.length,
    acknowledgedMeasurements: of(entries, 'measured').length,
    acknowledgedCompletions: of(entries, 'completed').length,
    retries: notes.reduce((sum, { retries }) => sum + retries, 0),
    refusals,
  }
}
