import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { problem } from './records.js'

/** A dump as version 1 wrote it, before there were proxies. */
export function firstVersionDump(ids: Record<'study' | 'import' | 'fit' | 'job', string>): Buffer {
  const time = '2026-01-02T03:04:05.678+00:00'
  const hash = 'ab'.repeat(32)
  const rows: [string, object][] = [
    [
      'studies',
      {
        id: ids.study,
        owner: null,
        name: 'old',
        labels: {},
        problem,
        problem_hash: hash,
        domain_set_version: 1,
        method: 'regmix',
        params: { b: 0.1, a: 5e-324 },
        seed: -9007199254740991,
        version: 1,
        created_at: time,
        updated_at: time,
      },
    ],
    [
      'imports',
      {
        id: ids.import,
        study_id: ids.study,
        state: 'complete',
        role: 'train',
        holdout: '',
        fidelity: 'small',
        format: 'json',
        row_count: 1,
        warnings: [],
        content_hash: hash,
        created_at: time,
        completed_at: time,
      },
    ],
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
        created_at: time,
      },
    ],
    [
      'measurements',
      { id: 8, trial_id: 7, tokens: null, values: { z: 1, a: 0.3 }, created_at: time },
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
        created_at: time,
        started_at: time,
        finished_at: time,
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
        created_at: time,
        finished_at: time,
      },
    ],
    ['fit_models', { fit_id: ids.fit, position: 0, metric: 'z', surrogate: 'ridge', model: '{}' }],
  ]
  const tables = rows.map(([table]) => table)
  const header = { format: 'mixwright-backup', version: 1, createdAt: time, tables }
  const text = [header, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('')
  const counts = Object.fromEntries(tables.map((table) => [table, 1]))
  const sha256 = createHash('sha256').update(text).digest('hex')
  return gzipSync(`${text}${JSON.stringify({ end: true, rows: counts, sha256 })}\n`)
}
