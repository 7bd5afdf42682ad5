import type { RunRow } from '../formats/run-row.js'
import { hashCanonical } from '../optimizers/canonical-json.js'
import { optimizerByName } from '../optimizers/registry.js'
import type { FitRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { FittableRuns } from './fittable-runs.js'
import { previousImports, previousSources } from './previous-studies.js'
import { sourcesByFidelity } from './run-sources.js'

/** The data of one fit, fixed when it is requested. */
export interface FitData {
  fidelity: string
  /** Of training runs at the fidelity, of hold-outs, and of what else the method learns from. */
  importIds: string[]
  trialIds: string[]
  /** SHA-256 (hex) over the problem and all runs. */
  dataHash: string
  /** Training runs at the fidelity, of imports and trials together. */
  runs: number
  /** Those that a method learns from besides: at other fidelities, and of earlier studies. */
  otherRuns: number
}

/** @throws MixwrightError `study-not-found` when an earlier study that the method is to learn from was deleted */
export async function dataOfFit(
  store: Store,
  { problem, problemHash }: Pick<StudyRecord, 'problem' | 'problemHash'>,
  { imports, trials }: FittableRuns,
  { fidelity, ...params }: Pick<FitRecord, 'fidelity' | 'method' | 'params'>,
): Promise<FitData> {
  const usedImports = imports
    .filter(({ role, fidelity: at }) => role === 'holdout' || at === fidelity)
    .sort(byId)
  const trialIds = trials.filter(({ fidelity: at }) => at === fidelity).map(({ id }) => id)
  const training = imports.filter(({ role }) => role === 'train').sort(byId)
  const previous = await previousSources(store, problem, params)
  const others = [
    ...(learnsFromFidelities(params)
      ? sourcesByFidelity(problem, training, trials).filter(
          (source) => source.fidelity !== fidelity,
        )
      : []),
    ...previous,
  ]
  const known = new Map(
    [...imports, ...(await previousImports(store, params))].map((table) => [table.id, table]),
  )
  const rowsOf = (ids: readonly string[]) =>
    ids.reduce((sum, id) => sum + (known.get(id)?.rowCount ?? 0), 0)
  const hashOf = (id: string) => known.get(id)?.contentHash ?? id
  const hashes: unknown[] = [
    problemHash,
    usedImports.map(({ contentHash }) => contentHash),
    ...(await trialHashes(store, trialIds)),
  ]
  for (const source of others) {
    const measured = await trialHashes(store, source.trialIds)
    hashes.push([source.fidelity, source.importIds.map(hashOf), measured])
  }
  const own = usedImports.filter(({ role }) => role === 'train').map(({ id }) => id)
  return {
    fidelity,
    importIds: [
      ...usedImports.map(({ id }) => id),
      ...others.flatMap(({ importIds }) => importIds),
    ],
    trialIds: [...trialIds, ...others.flatMap((source) => source.trialIds)],
    dataHash: hashCanonical(hashes),
    runs: rowsOf(own) + trialIds.length,
    otherRuns: others.reduce(
      (sum, source) => sum + rowsOf(source.importIds) + source.trialIds.length,
      0,
    ),
  }
}

export const learnsFromFidelities = ({ method }: Pick<FitRecord, 'method'>): boolean =>
  optimizerByName(method).capabilities.fidelities

/** Hashes of what the trials measured, without their ids and times: the same proxies trained again give the same. */
async function trialHashes(store: Store, trialIds: readonly string[]): Promise<string[]> {
  const hashes: string[] = []
  for await (const page of store.trials.readRows(trialIds)) {
    const rows = JSON.parse(page) as RunRow[]
    hashes.push(
      ...rows.map(({ weights, values, standardErrors, tokens }) =>
        hashCanonical([weights, values, standardErrors, tokens]),
      ),
    )
  }
  return hashes
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
