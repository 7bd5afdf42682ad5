import { type OldRow, packDump, studyWithImport, THEN } from './pack-dump.js'

type Ids = Record<'study' | 'import' | 'run' | 'search' | 'trial' | 'job' | 'attempt', string>

const STUDY = { params: {}, seed: 42, corpus_id: null, ingestion_id: null }

/**
 * A dump as version 2 wrote it, before others could run trials: a study with an imported run, and a search whose one trial
 * was completed.
 */
export function secondVersionDump(ids: Ids): Buffer {
  return packDump(2, [...studyWithImport(ids, STUDY), ...searchRows(ids)])
}

function searchRows(ids: Ids): OldRow[] {
  const job = { kind: 'trial', study_id: ids.study, subject_id: ids.trial, state: 'succeeded' }
  const trial = {
    study_id: ids.study,
    role: 'train',
    holdout: '',
    fidelity: 'small',
    problem: null,
  }
  const measured = { tokens: 1000, values: { z: 1, a: 0.3 }, created_at: THEN }
  return [
    [
      'jobs',
      {
        id: ids.job,
        ...job,
        progress: null,
        problem: null,
        attempts: 1,
        worker: null,
        heartbeat_at: null,
        cancel_requested_at: null,
        version: 3,
        created_at: THEN,
        started_at: THEN,
        finished_at: THEN,
      },
    ],
    [
      'searches',
      {
        id: ids.search,
        study_id: ids.study,
        purpose: 'search',
        fidelity: 'small',
        trials: 1,
        seed: 7,
        state: 'failed',
        fit_id: null,
        problem: { code: 'x' },
        version: 2,
        created_at: THEN,
        finished_at: THEN,
      },
    ],
    [
      'trials',
      {
        id: 7,
        uid: ids.run,
        ...trial,
        import_id: ids.import,
        search_id: null,
        position: null,
        run_id: 'run-1',
        label: '',
        reason: '',
        weights: [0.1, 0.9],
        seed: null,
        state: 'completed',
        job_id: null,
        attempts: 0,
        created_at: THEN,
        finished_at: null,
      },
    ],
    [
      'trials',
      {
        id: 8,
        uid: ids.trial,
        ...trial,
        import_id: null,
        search_id: ids.search,
        position: 0,
        run_id: ids.trial,
        label: 'uniform',
        reason: 'a baseline',
        weights: [0.5, 0.5],
        seed: 1000,
        state: 'completed',
        job_id: ids.job,
        attempts: 1,
        created_at: THEN,
        finished_at: THEN,
      },
    ],
    [
      'attempts',
      {
        id: ids.attempt,
        trial_id: 8,
        number: 1,
        state: 'completed',
        problem: null,
        started_at: THEN,
        finished_at: THEN,
      },
    ],
    [
      'leases',
      {
        id: ids.attempt,
        attempt_id: ids.attempt,
        holder: 'a trainer',
        expires_at: THEN,
        released_at: THEN,
      },
    ],
    [
      'measurements',
      {
        id: 3,
        trial_id: 7,
        attempt_id: null,
        standard_errors: null,
        details: null,
        ...measured,
      },
    ],
    [
      'measurements',
      {
        id: 4,
        trial_id: 8,
        attempt_id: ids.attempt,
        standard_errors: { z: 0.1 },
        details: {},
        ...measured,
      },
    ],
  ]
}
