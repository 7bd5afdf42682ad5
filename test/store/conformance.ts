import { afterAll, beforeAll, describe } from 'vitest'
import type { OpenStore } from '../../src/store/index.js'
import { attemptConformance } from './conformance/attempts.js'
import { corpusConformance } from './conformance/corpora.js'
import { eventConformance } from './conformance/events.js'
import { fitConformance } from './conformance/fits.js'
import { importConformance } from './conformance/imports.js'
import { jobConformance } from './conformance/jobs.js'
import { searchConformance } from './conformance/searches.js'
import { studyConformance } from './conformance/studies.js'
import { trialRaceConformance } from './conformance/trial-races.js'
import { trialConformance } from './conformance/trials.js'

/** What every store must do, whatever database it is on. */
export function storeConformance(name: string, open: () => Promise<OpenStore>): void {
  describe(`store on ${name}`, () => {
    let store: OpenStore

    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store?.close())

    studyConformance(() => store)
    importConformance(() => store)
    fitConformance(() => store)
    jobConformance(() => store)
    corpusConformance(() => store)
    searchConformance(() => store)
    trialConformance(() => store)
    attemptConformance(() => store)
    trialRaceConformance(() => store)
    eventConformance(() => store)
  })
}
