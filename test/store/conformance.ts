import { afterAll, beforeAll, describe } from 'vitest'
import type { OpenStore } from '../../src/store/index.js'
import { apiKeyConformance } from './conformance/api-keys.js'
import { attachedTrialConformance } from './conformance/attached-trials.js'
import { attemptConformance } from './conformance/attempts.js'
import { backtestConformance } from './conformance/backtests.js'
import { corpusConformance } from './conformance/corpora.js'
import { eventConformance } from './conformance/events.js'
import { externalTrialCrowdConformance } from './conformance/external-trial-crowds.js'
import { externalTrialEndingConformance } from './conformance/external-trial-endings.js'
import { externalTrialRaceConformance } from './conformance/external-trial-races.js'
import { externalTrialReportBatchConformance } from './conformance/external-trial-report-batches.js'
import { externalTrialReportConformance } from './conformance/external-trial-reports.js'
import { externalTrialResultConformance } from './conformance/external-trial-results.js'
import { externalTrialStateConformance } from './conformance/external-trial-states.js'
import { externalTrialConformance } from './conformance/external-trials.js'
import { fitConformance } from './conformance/fits.js'
import { idempotencyConformance } from './conformance/idempotency.js'
import { importConformance } from './conformance/imports.js'
import { jobConformance } from './conformance/jobs.js'
import { searchConformance } from './conformance/searches.js'
import { studyConformance } from './conformance/studies.js'
import { trialDetailConformance } from './conformance/trial-details.js'
import { trialRaceConformance } from './conformance/trial-races.js'
import { trialConformance } from './conformance/trials.js'
import { triedStudyConformance } from './conformance/tried-studies.js'

/** What every store must do, whatever database it is on. */
export function storeConformance(name: string, open: () => Promise<OpenStore>): void {
  describe(`store on ${name}`, () => {
    let store: OpenStore

    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store?.close())

    apiKeyConformance(() => store)
    studyConformance(() => store)
    importConformance(() => store)
    fitConformance(() => store)
    backtestConformance(() => store)
    jobConformance(() => store)
    corpusConformance(() => store)
    searchConformance(() => store)
    trialConformance(() => store)
    trialDetailConformance(() => store)
    attemptConformance(() => store)
    trialRaceConformance(() => store)
    triedStudyConformance(() => store)
    externalTrialConformance(() => store)
    attachedTrialConformance(() => store)
    externalTrialStateConformance(() => store)
    externalTrialReportConformance(() => store)
    externalTrialReportBatchConformance(() => store)
    externalTrialResultConformance(() => store)
    externalTrialEndingConformance(() => store)
    externalTrialRaceConformance(() => store)
    externalTrialCrowdConformance(() => store)
    eventConformance(() => store)
    idempotencyConformance(() => store)
  })
}
