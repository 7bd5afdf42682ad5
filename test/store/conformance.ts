import { afterAll, beforeAll, describe } from 'vitest'
import type { OpenStore } from '../../src/store/index.js'
import { fitConformance } from './conformance/fits.js'
import { importConformance } from './conformance/imports.js'
import { jobConformance } from './conformance/jobs.js'
import { studyConformance } from './conformance/studies.js'

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
  })
}
