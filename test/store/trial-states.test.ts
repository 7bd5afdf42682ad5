import { describe, expect, test } from 'vitest'
import {
  isOfferable,
  nextState,
  TRANSITIONS,
  type TrialAction,
  transitionsBy,
} from '../../src/store/trial-states.js'
import { ACTIONS, EXPECTED, STATES } from './support/trial-states.js'

describe('the state machine of trials that others run', () => {
  test('knows every state and no other', () => {
    expect(Object.keys(TRANSITIONS).sort()).toEqual([...STATES].sort())
  })

  test('knows every action and no other', () => {
    const known = new Set(Object.values(TRANSITIONS).flatMap((moves) => Object.keys(moves)))
    expect([...known].sort()).toEqual([...ACTIONS].sort())
  })

  const cases = STATES.flatMap((state) =>
    ACTIONS.map((action) => [state, action, EXPECTED[state][action]] as const),
  )
  test.each(cases)('%s, %s: %s', (state, action, expected) => {
    expect(nextState(state, action)).toBe(expected)
    expect(transitionsBy(action)[state]).toBe(expected)
    expect(state in transitionsBy(action)).toBe(expected !== undefined)
  })

  test('offers what has no result yet and is in nobody’s hands', () => {
    expect(STATES.filter(isOfferable)).toEqual(['waiting', 'failed', 'expired'])
  })

  test('never leaves a state that ended with metrics, or was given up', () => {
    for (const state of ['completed', 'stopped', 'abandoned', 'cancelled'] as const)
      for (const action of ACTIONS satisfies readonly TrialAction[])
        expect(nextState(state, action)).toBeUndefined()
  })
})
