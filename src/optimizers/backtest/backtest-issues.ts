import { type Issue, pointerToken } from '../issue.js'
import { nameList } from '../name-list.js'
import { scoredRows } from './table.js'
import type { BacktestEntry, BacktestTable } from './types.js'

/** A choice takes two. */
const LEAST_CANDIDATES = 2
/** What the problem does not tell. */
export interface BacktestTerms {
  /** What a replay may cost, in the unit of the fidelities' costs. */
  budget: number
  /** The fidelities whose cost was given; a problem writes 1 where it was not. */
  givenCosts: { has(fidelity: string): boolean }
}

/**
 * What is wrong with a backtest before anything is computed; empty when nothing is. Pointers are into
 * `{ target, tables, entries, costs, budget }`, with costs by fidelity.
 */
export function backtestIssues(
  table: BacktestTable,
  entries: readonly BacktestEntry[],
  terms: BacktestTerms,
): Issue[] {
  return [
    ...targetIssues(table),
    ...table.tables.flatMap((_, i) => tableIssues(table, i)),
    ...costIssues(table, terms),
    ...budgetIssues(table, terms),
    ...labelIssues(entries),
    ...entries.flatMap((_, i) => fidelityIssues(table, entries, i)),
  ]
}

function targetIssues({ compiled, tables, target }: BacktestTable): Issue[] {
  const runs = tables.find(({ fidelity }) => fidelity === target)
  if (!runs) {
    const known = quoted(tables.map(({ fidelity }) => fidelity))
    const detail = `There are no runs at the target "${target}"; there are runs at ${known}.`
    return [{ pointer: '/target', detail }]
  }
  const candidates = scoredRows(compiled, runs).length
  if (candidates >= LEAST_CANDIDATES) return []
  const detail = `Mixtures are chosen among the runs at the target "${target}" that have every metric of the objective: at least ${LEAST_CANDIDATES} are needed, there ${candidates === 1 ? 'is' : 'are'} ${candidates}.`
  return [{ pointer: '/target', detail }]
}

function tableIssues({ compiled, tables, target }: BacktestTable, i: number): Issue[] {
  const { fidelity } = tables[i]
  const { fidelities } = compiled.problem
  const pointer = `/tables/${i}`
  if (!fidelities.some(({ name }) => name === fidelity)) {
    const known = quoted(fidelities.map(({ name }) => name))
    const detail = `The problem has no fidelity "${fidelity}"; it has ${known}.`
    return [{ pointer: `${pointer}/fidelity`, detail }]
  }
  const earlier = tables.findIndex((other) => other.fidelity === fidelity)
  if (earlier < i) {
    const detail = `The runs at "${fidelity}" are already in table ${earlier}; a fidelity has one table.`
    return [{ pointer: `${pointer}/fidelity`, detail }]
  }
  if (fidelity === target || scoredRows(compiled, tables[i]).length > 0) return []
  const detail = `No run at "${fidelity}" has a finite number for every metric of the objective; leave the fidelity out, or give its results.`
  return [{ pointer, detail }]
}

function costIssues({ tables }: BacktestTable, { givenCosts }: BacktestTerms): Issue[] {
  // With one fidelity the unit is a run of it.
  if (tables.length < 2) return []
  return tables
    .filter(({ fidelity }) => !givenCosts.has(fidelity))
    .map(({ fidelity }) => ({
      pointer: `/costs/${pointerToken(fidelity)}`,
      detail: `What a run at "${fidelity}" costs was not given; between ${tables.length} fidelities a method cannot choose without.`,
    }))
}

function budgetIssues({ compiled, tables }: BacktestTable, { budget }: BacktestTerms): Issue[] {
  if (!(Number.isFinite(budget) && budget > 0)) {
    const detail = `The budget is a number above 0, in the unit of the costs, not ${budget}.`
    return [{ pointer: '/budget', detail }]
  }
  const offered = compiled.problem.fidelities.filter(({ name }) =>
    tables.some(({ fidelity }) => fidelity === name),
  )
  if (offered.length === 0) return []
  const cheapest = offered.reduce((a, b) => (b.cost < a.cost ? b : a))
  if (budget >= cheapest.cost) return []
  const detail = `A budget of ${budget} does not pay for one run: the cheapest, at "${cheapest.name}", costs ${cheapest.cost}.`
  return [{ pointer: '/budget', detail }]
}

function labelIssues(entries: readonly BacktestEntry[]): Issue[] {
  if (entries.length === 0) {
    return [{ pointer: '/entries', detail: 'At least one method to replay is needed.' }]
  }
  const labels = entries.map(({ label }) => label)
  return labels.flatMap((label, i) => {
    const first = labels.indexOf(label)
    if (first === i) return []
    const detail = `The label "${label}" is already taken by /entries/${first}; labels must differ.`
    return [{ pointer: `/entries/${i}/label`, detail }]
  })
}

function fidelityIssues(
  { tables }: BacktestTable,
  entries: readonly BacktestEntry[],
  i: number,
): Issue[] {
  const { label, fidelities } = entries[i]
  if (!fidelities) return []
  const pointer = `/entries/${i}/fidelities`
  if (fidelities.length === 0) {
    return [
      { pointer, detail: `"${label}" needs a fidelity to try mixtures at; leave it out for all.` },
    ]
  }
  const known = tables.map(({ fidelity }) => fidelity)
  return fidelities.flatMap((fidelity, j) => {
    if (!known.includes(fidelity)) {
      const detail = `There are no runs at "${fidelity}"; there are runs at ${quoted(known)}.`
      return [{ pointer: `${pointer}/${j}`, detail }]
    }
    if (fidelities.indexOf(fidelity) === j) return []
    return [{ pointer: `${pointer}/${j}`, detail: `"${fidelity}" is named twice.` }]
  })
}

function quoted(names: readonly string[]): string {
  return names.length === 0 ? 'no fidelity' : nameList(names.map((name) => `"${name}"`))
}
