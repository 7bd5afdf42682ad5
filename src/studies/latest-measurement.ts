import type { MeasurementRecord } from '../store/records.js'
import type { Store } from '../store/store.js'

/** What counts of a trial so far. */
export async function latestMeasurement(
  { trials }: Pick<Store, 'trials'>,
  trialId: string,
): Promise<MeasurementRecord | undefined> {
  return (await trials.latestMeasurements([trialId])).get(trialId)
}
