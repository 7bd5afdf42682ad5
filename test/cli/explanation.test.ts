import { expect, test } from 'vitest'
import { coloursFor } from '../../src/cli/terminal/colours.js'
import { explanationSections } from '../../src/cli/terminal/explanation.js'
import type { Explanation } from '../../src/optimizers/explanation.js'

const agreement = { measured: 0.9, pairs: 8, estimate: 0.82, lower: 0.61, upper: 0.93 }

const explanation: Explanation = {
  fidelities: [
    {
      name: '1M',
      runs: 40,
      cost: 0.001,
      spent: 0.04,
      used: true,
      shared: 3,
      withTarget: agreement,
      withItself: agreement,
      best: { weights: { web: 0.6, code: 0.4 }, mean: 2.5, sd: 0.05 },
      trace: [
        { run: 1, objective: 2.9 },
        { run: 7, objective: 2.4 },
      ],
    },
    {
      name: '60M',
      runs: 8,
      cost: 0.06,
      spent: 0.48,
      used: false,
      shared: 0,
      withTarget: { ...agreement, estimate: -0.2, lower: -0.5, upper: 0.1 },
      withItself: null,
      best: null,
      trace: [],
    },
  ],
  correlations: [{ between: ['1M', '1B'], correlation: 0.874 }],
  responses: [
    {
      domain: 'web',
      points: [0, 0.5, 1].map((weight, i) => ({
        weight,
        mean: [3, 2, 2.5][i],
        lower: [2.8, 1.9, 2.4][i],
        upper: [3.2, 2.1, 2.6][i],
      })),
    },
  ],
}

function textOf(part: Explanation): Map<string, string[]> {
  const plain = coloursFor({ isTTY: false } as unknown as NodeJS.WritableStream)
  return new Map(
    explanationSections(part, plain).map(([title, text]) => [
      title,
      text.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | ')),
    ]),
  )
}

test('an explanation says what each fidelity cost, how it agrees, and which one is not used', () => {
  const lines = textOf(explanation).get('Runs and what they cost')
  expect(lines).toContain(
    '1M | 40 | 0.04 | yes | 0.82 [0.61, 0.93] | 0.82 [0.61, 0.93] | 2.4 | 2.5 ± 0.05',
  )
  expect(lines).toContain('60M | 8 | 0.48 | no | -0.20 [-0.50, 0.10] | – | – | –')
})

test('costs that nobody gave are not shown', () => {
  const unsaid = explanation.fidelities.map((one, i) => ({ ...one, cost: i, spent: one.runs * i }))
  const sections = textOf({ ...explanation, fidelities: unsaid })
  expect(sections.has('Runs and what they cost')).toBe(false)
  expect(sections.get('Runs')).toContain('60M | 8 | no | -0.20 [-0.50, 0.10] | – | – | –')
})

test('a response curve is drawn from its lowest to its highest point, with its best weight and band', () => {
  const sections = textOf(explanation)
  const title = [...sections.keys()].find((key) => key.startsWith('Predicted objective')) as string
  expect(sections.get(title)).toContain('web | · | █▁▅ | 1.000 | 0.500 | 2 [1.9, 2.1]')
  expect([...sections.values()].flat()).toContain('1M | 1B | 0.87')
})

test('what there is nothing to say of is left out', () => {
  const titles = [...textOf({ ...explanation, correlations: [], responses: [] }).keys()]
  expect(titles).toEqual(['Runs and what they cost'])
})
