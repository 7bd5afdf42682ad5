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
