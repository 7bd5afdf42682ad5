import { describe } from 'vitest'
import { adaptiveSearchesConformance } from './adaptive-searches-conformance.js'
import { backtestsConformance } from './backtests-conformance.js'
import { fitsConformance } from './fits-conformance.js'
import { ingestionsConformance } from './ingestions-conformance.js'
import { recoveryConformance } from './recovery-conformance.js'
import { trialRecoveryConformance } from './trial-recovery-conformance.js'
import { trialsConformance } from './trials-conformance.js'
import { WorkHarness, type WorkPlace } from './work-harness.js'

/** What the workers promise, whatever carries their jobs. */
export function workersConformance(name: string, openPlace: () => Promise<WorkPlace>): void {
  describe(`workers on ${name}`, () => {
    const harness = new WorkHarness(openPlace)
    fitsConformance(harness)
    backtestsConformance(harness)
    recoveryConformance(harness)
    trialsConformance(harness)
    trialRecoveryConformance(harness)
    adaptiveSearchesConformance(harness)
    ingestionsConformance(harness)
  })
}
