import type { Database } from '../database.js'
import type { ExternalTrialRepository } from '../external-trial-contract.js'
import { createEndingMethods } from './external-trial-ending.js'
import { createExpiryMethods } from './external-trial-expiry.js'
import { createHandOutMethods } from './external-trial-handing-out.js'
import { createInsertionMethods } from './external-trial-insertion.js'
import { createReadingMethods } from './external-trial-reading.js'
import { createReportMethods } from './external-trial-reports.js'

export function createExternalTrialRepository(db: Database): ExternalTrialRepository {
  return {
    ...createHandOutMethods(db),
    ...createInsertionMethods(db),
    ...createReportMethods(db),
    ...createEndingMethods(db),
    ...createExpiryMethods(db),
    ...createReadingMethods(db),
  }
}
