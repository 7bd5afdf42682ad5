import type { CompleteProblem } from '../optimizers/problem.js'
import type { ImportRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { RunPages } from './ports.js'

/** Training runs at a fidelity, by what they are read from. */
export interface RunSource extends Omit<RunPages, 'pages'> {
  importIds: string[]
  trialIds: string[]
}

/** One for each fidelity that has some, in the order of the problem. */
export function sourcesByFidelity(
  { fidelities }: Pick<CompleteProblem, 'fidelities'>,
  imports: readonly Pick<ImportRecord, 'id' | 'fidelity'>[],
  trials: readonly { id: string; fidelity: string }[],
): RunSource[] {
  return fidelities.flatMap(({ name: fidelity }) => {
    const idsOf = (all: readonly { id: string; fidelity: string }[]) =>
      all.filter((one) => one.fidelity === fidelity).map(({ id }) => id)
    const source = { fidelity, importIds: idsOf(imports), trialIds: idsOf(trials) }
    return source.importIds.length + source.trialIds.length > 0 ? [source] : []
  })
}

/** Imports first, oldest first, whatever the order of their ids; then trials in the order of theirs. */
export async function readSource(
  store: Pick<Store, 'imports' | 'trials'>,
  { importIds, trialIds, ...about }: RunSource,
): Promise<RunPages> {
  const pages: string[] = []
  if (importIds.length > 0) {
    for await (const page of store.imports.readRows(importIds)) pages.push(page)
  }
  for await (const page of store.trials.readRows(trialIds)) pages.push(page)
  return { ...about, pages }
}
