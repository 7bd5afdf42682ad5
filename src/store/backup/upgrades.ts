import { randomUUID } from 'node:crypto'
import type { Upgrade } from './format.js'

/** Version 1 → 2: imported runs share their table with the trials of proxies, and fits name those they are made from. */
export const addProxies: Upgrade = ([table, row]) => {
  switch (table) {
    case 'trials':
      return [
        [
          table,
          { ...row, uid: randomUUID(), label: '', reason: '', state: 'completed', attempts: 0 },
        ],
      ]
    case 'fits':
      return [[table, { ...row, trial_ids: [] }]]
    default:
      return [[table, row]]
  }
}

/** Version 2 → 3: trials say who runs them, and studies how those of others are handed out. */
export const addExternalTrials: Upgrade = ([table, row]) => {
  switch (table) {
    case 'studies':
      return [
        [table, { ...row, trial_policy: FIRST_TRIAL_POLICY, external_trials: 0, tried_version: 0 }],
      ]
    case 'trials':
      return [[table, { ...row, evaluator: row.search_id == null ? 'table' : 'proxy' }]]
    case 'leases':
      return [[table, { ...row, external: false }]]
    default:
      return [[table, row]]
  }
}

/** As the migration of the tables gives it to studies that have none. */
const FIRST_TRIAL_POLICY = {
  leaseSeconds: 3600,
  maxAttempts: 3,
  maxTrials: null,
  earlyStopping: null,
}
