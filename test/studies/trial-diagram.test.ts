import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { TrialState } from '../../src/store/records.js'
import { nextState, TRANSITIONS, type TrialAction } from '../../src/store/trial-states.js'

const page = readFileSync(new URL('../../docs/trials.md', import.meta.url), 'utf8')
const diagram = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(page)?.[1] ?? ''

/** Ids in a diagram have no hyphens. */
const stateOf = (id: string) => id.replaceAll('_', '-')

test('the diagram in the documentation draws the state machine, all of it and nothing else', () => {
  const drawn = [...diagram.matchAll(/^\s*(\w+) --> (\w+): (.*)$/gm)].flatMap(
    ([, from, to, actions]) =>
      actions.split(', ').map((action) => `${stateOf(from)} ${action} ${stateOf(to)}`),
  )
  const machine = Object.entries(TRANSITIONS).flatMap(([from, actions]) =>
    Object.entries(actions).map(([action, to]) => `${from} ${action} ${to}`),
  )
  expect(drawn.toSorted()).toEqual(machine.toSorted())
  expect(drawn.length).toBeGreaterThan(20)
})

test('the table in the documentation has every state, and says which are offered', () => {
  const rows = [...page.matchAll(/^\| `([\w-]+)` +\| .*? \| (.*?) +\|/gm)].map(
    ([, state, offered]) => [state, offered !== 'no'] as const,
  )
  const states = Object.keys(TRANSITIONS) as TrialState[]
  expect(rows.map(([state]) => state).toSorted()).toEqual(states.toSorted())
  const offer: TrialAction = 'offer'
  for (const [state, isOffered] of rows) {
    expect(isOffered, state).toBe(nextState(state as TrialState, offer) !== undefined)
  }
})
