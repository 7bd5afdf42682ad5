import { type OldRow, packDump, studyWithImport, THEN } from './pack-dump.js'

/** A dump as version 1 wrote it, before there were proxies. */
export function firstVersionDump(ids: Record<'study' | 'import' | 'fit' | 'job', string>): Buffer {
  const hash = 'ab'.repeat(32)
  const rows: OldRow[] = [
    ...studyWithImport(ids, { params: { b: 0.1, a: 5e-324 }, seed: -9007199254740991 }),
    [
      'trials',
      {
        id: 7,
        study_id: ids.study,
        import_id: ids.import,
        role: 'train',
        holdout: '',
        fidelity: 'small',
        run_id: 'run-1',
        weights: [0.1, 0.9],
        created_at: THEN,
      },
    ],
    [
      'measurements',
      { id: 8, trial_id: 7, tokens: null, values: { z: 1, a: 0.3 }, created_at: THEN },
    ],
    [
      'jobs',
      {
        id: ids.job,
        kind: 'fit',
        study_id: ids.study,
        subject_id: ids.fit,
        state: 'succeeded',
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
      'fits',
      {
        id: ids.fit,
        study_id: ids.study,
        job_id: ids.job,
        method: 'regmix',
        surrogate: 'auto',
        params: {},
        seed: 1,
        fidelity: 'small',
        import_ids: [ids.import],
        data_hash: hash,
        recommendation: { weights: { web: 1 } },
        created_at: THEN,
        finished_at: THEN,
      },
    ],
    ['fit_models', { fit_id: ids.fit, position: 0, metric: 'z', surrogate: 'ridge', model: '{}' }],
  ]
  return packDump(1, rows)
}
