import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { type RowMatrix, selectRows } from '../../../src/optimizers/row-matrix.js'
import { compareSurrogates } from '../../../src/optimizers/surrogates/choose.js'
import { SURROGATES } from '../../../src/optimizers/surrogates/registry.js'
import { randomMixtures, valuesOf } from '../../support/random-mixtures.js'
import { regmixTable } from '../../support/regmix-tables.js'

const params = {
  'gradient-boosted-trees': { trees: 60, learningRate: 0.1, minRunsInLeaf: 5 },
  ridge: { penalty: 0.01 },
}

function data(
  raw: RowMatrix,
  values: Float64Array,
  direction: 'minimize' | 'maximize' = 'minimize',
) {
  return { metric: 'loss', direction, raw, normalised: raw, values }
}

function noisy(rows: number, noise: number, of: (row: Float64Array) => number, seed = 1) {
  const rng = createRng(seed, 'noisy')
  const raw = randomMixtures(rows, 4, rng)
  return data(
    raw,
    valuesOf(raw, (row) => of(row) + noise * rng.normal()),
  )
}

const compare = (input: Omit<Parameters<typeof compareSurrogates>[0], 'rng' | 'params'>) =>
  compareSurrogates({ params, rng: createRng(9), ...input })

describe('auto', () => {
  test('runs from a law: the law, with the numbers in words', () => {
    const law = noisy(120, 0.01, (row) => 2 + Math.exp(-8 * row[0] + row[1]))
    const { chosen, reason, entries } = compare({ data: law })
    expect(chosen).toBe('log-linear')
    expect(reason).toMatch(
      /^log-linear: cross-validated RMSE 0\.01\d* against 0\.\d+ of .*gradient-boosted-trees/,
    )
    expect(entries.map(({ surrogate }) => surrogate)).toEqual([...SURROGATES.keys()])
    const rmse = (name: string) =>
      entries.find(({ surrogate }) => surrogate === name)?.crossValidation?.scores.rmse ?? 0
    for (const name of SURROGATES.keys()) {
      if (name !== 'log-linear') expect(rmse(name)).toBeGreaterThan(rmse('log-linear'))
    }
  })

  test('a step in one domain: trees', () => {
    const { chosen } = compare({ data: noisy(150, 0.02, (row) => (row[2] > 0.2 ? 1 : 2)) })
    expect(chosen).toBe('gradient-boosted-trees')
  })

  test('linear runs with noise: a linear model, since nothing is gained by more', () => {
    for (let seed = 0; seed < 4; seed++) {
      const linear = noisy(100, 0.1, (row) => 3 + row[0] - row[3], seed)
      const { chosen, reason, entries } = compare({ data: linear })
      expect(['ridge', 'least-squares']).toContain(chosen)
      const best = entries
        .flatMap(({ crossValidation }) => crossValidation?.scores.rmse ?? [])
        .reduce((a, b) => Math.min(a, b))
      const own = entries.find(({ surrogate }) => surrogate === chosen)?.crossValidation?.scores
        .rmse
      if (own !== best) expect(reason).toMatch(/within one standard error.*simpler model/)
    }
  })

  test('the choice does not depend on which way the metric points', () => {
    const law = noisy(120, 0.01, (row) => 0.3 + 0.3 * Math.exp(-8 * row[0]))
    const accuracy = data(
      law.raw,
      law.values.map((value) => 1 - value),
      'maximize',
    )
    const [a, b] = [compare({ data: law }), compare({ data: accuracy })]
    expect(b.chosen).toBe(a.chosen)
    a.entries.forEach((entry, i) => {
      const scores = b.entries[i].crossValidation?.scores
      expect(scores?.rmse).toBeCloseTo(entry.crossValidation?.scores.rmse ?? 0, 4)
    })
  })
})

describe('the control', () => {
  // Only one domain matters and there are few runs: the line through it wins.
  const oneDomain = () => noisy(14, 0.05, (row) => 3 - 2 * row[1], 3)

  test('is never chosen by auto, but named when it does better', () => {
    const { chosen, reason, entries } = compare({ data: oneDomain() })
    expect(chosen).not.toBe('single-domain')
    expect(reason).toMatch(/single-domain control does better/)
    expect(entries.at(-1)?.reason).toMatch(/^The control\./)
  })

  test('is chosen when it is the only one eligible', () => {
    expect(compare({ data: oneDomain(), eligible: ['single-domain'] }).chosen).toBe('single-domain')
  })
})

describe('what is not eligible or not possible', () => {
  test('others are compared all the same, and a better one is named', () => {
    const law = noisy(120, 0.01, (row) => 2 + Math.exp(-8 * row[0] + row[1]))
    const { chosen, reason, entries } = compare({ data: law, eligible: ['ridge'] })
    expect(chosen).toBe('ridge')
    expect(reason).toMatch(/no other to choose from|not eligible here/)
    expect(reason).toMatch(/log-linear, not eligible here, has 0\.01/)
    const other = entries.find(({ surrogate }) => surrogate === 'log-linear')
    expect(other?.crossValidation).not.toBeNull()
    expect(other?.reason).toMatch(/^Not eligible here\./)
  })

  test('too few runs to cross-validate, enough to fit', () => {
    const { chosen, reason, entries } = compare({
      data: noisy(5, 0.01, (row) => 3 + row[0]),
      eligible: ['log-linear'],
    })
    expect(chosen).toBe('log-linear')
    expect(reason).toMatch(/this surrogate needs 5/)
    const entry = entries.find(({ surrogate }) => surrogate === 'log-linear')
    expect(entry).toMatchObject({ fittable: true, crossValidation: null })
  })

  test('too few runs to fit: refused with the reasons', () => {
    const few = noisy(4, 0.01, (row) => 3 + row[0])
    const replicated = data(
      selectRows(few.raw, Int32Array.of(0, 1, 2, 3, 0, 1)),
      Float64Array.of(1, 2, 3, 4, 1, 2),
    )
    expect(() => compare({ data: replicated, eligible: ['least-squares'] })).toThrow(
      expect.objectContaining({
        name: 'InvalidInputError',
        issues: [
          expect.objectContaining({
            detail: expect.stringMatching(/needs 5 distinct mixtures and there are 4/),
          }),
        ],
      }),
    )
    const { entries } = compare({ data: replicated, eligible: ['ridge'] })
    expect(entries.find(({ surrogate }) => surrogate === 'least-squares')).toMatchObject({
      fittable: false,
    })
  })

  test('a metric that nothing predicts: the reason says so', () => {
    const { reason } = compare({ data: noisy(40, 1, () => 5, 11) })
    expect(reason).toMatch(/no better than the mean/)
  })

  test('a constant metric is no error', () => {
    const raw = randomMixtures(30, 4, createRng(1))
    const { entries } = compare({ data: data(raw, new Float64Array(30).fill(0.5), 'maximize') })
    for (const { crossValidation } of entries) {
      expect(crossValidation?.scores.r2).toBeNull()
      expect(crossValidation?.scores.rmse).toBeLessThan(1e-6)
    }
  })
})

test('progress never falls and ends at its total', () => {
  const seen: { done: number; total: number; message: string }[] = []
  const few = noisy(7, 0.1, (row) => 2 + row[0])
  compare({ data: few, onProgress: (progress) => seen.push(progress) })
  seen.forEach(({ done, total }, i) => {
    expect(done).toBeGreaterThanOrEqual(i > 0 ? seen[i - 1].done : 0)
    expect(total).toBe(seen[0].total)
  })
  expect(seen.at(-1)?.done).toBe(seen.at(-1)?.total)
  expect(seen.at(-1)?.message).toMatch(/^loss: /)
})

const train = regmixTable('train_1m')

test.skipIf(!train)(
  'RegMix’s Pile-CC loss, first 54 runs: the law, from a tenth of the runs',
  () => {
    const first = Int32Array.from({ length: 54 }, (_, i) => i)
    const values = train!.values[train!.targets.indexOf('pile_cc')].slice(0, 54)
    const { chosen } = compareSurrogates({
      data: {
        metric: 'pile_cc',
        direction: 'minimize',
        raw: selectRows(train!.raw, first),
        normalised: selectRows(train!.normalised, first),
        values,
      },
      rng: createRng(1),
    })
    expect(chosen).toBe('log-linear')
  },
)

test('equal generators give equal comparisons', () => {
  const input = { data: noisy(40, 0.1, (row) => 2 + row[0] ** 2) }
  expect(compare(input)).toEqual(compare(input))
})
