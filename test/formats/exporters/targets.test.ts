import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../../src/errors.js'
import { EXPORTERS, type ExportInput, exportMixture } from '../../../src/formats/exporters/index.js'
import { plainDecimal } from '../../../src/formats/exporters/text/decimal.js'
import { TWO } from './mixtures.js'

function codes(id: string, input: ExportInput): string[] {
  return exportMixture(id, input).warnings.map(({ code }) => code)
}

function refusal(id: string, input: ExportInput): MixwrightError {
  try {
    exportMixture(id, input)
  } catch (error) {
    if (error instanceof MixwrightError) return error
    throw error
  }
  throw new Error(`${id} was not refused`)
}

/** Pointers and details of what is wrong, one a line. */
function problems(id: string, input: ExportInput): string {
  return refusal(id, input)
    .errors.map(({ pointer, detail }) => `${pointer}: ${detail}`)
    .join('\n')
}

const schedule = (...starts: number[]) =>
  starts.map((startStep) => ({ startStep, weights: { web: 0.5, code: 0.5 } }))

describe('every target', () => {
  const ids = [...EXPORTERS.keys()]
  const withPhases = ids.filter((id) => EXPORTERS.get(id)?.phases)

  test('those of the plain formats, Levanter and nanotron take phases', () => {
    expect(withPhases).toEqual(['json', 'csv', 'levanter', 'nanotron'])
  })

  test.each(ids)('%s takes phases, or refuses them', (id) => {
    const input = { phases: schedule(0, 2048) }
    if (withPhases.includes(id)) {
      const { realised } = exportMixture(id, input)
      expect(realised.map(({ startStep }) => startStep)).toEqual([0, 2048])
    } else expect(problems(id, input)).toMatch(/^\/phases: .*knows no phases/)
  })

  test.each(ids)(
    '%s refuses an option that it does not take, and suggests what was meant',
    (id) => {
      const { code, errors } = refusal(id, { mixture: TWO, options: { sede: 1 } })
      expect(code).toBe('validation-failed')
      expect(errors[0].pointer).toBe('/options/sede')
    },
  )

  test.each(ids)('%s has domains of weight 0 in `dropped`, or in the text', (id) => {
    const { text, dropped } = exportMixture(id, { mixture: { ...TWO, unusedone: 0 } })
    expect(dropped).toEqual(text.includes('unusedone') ? [] : ['unusedone'])
    if (id !== 'json' && id !== 'csv') expect(dropped).toEqual(['unusedone'])
  })

  test.each(ids)('%s divides weights that are off by rounding, and says so', (id) => {
    const mixture = { web: 0.3333333, code: 0.3333333, books: 0.3333333 }
    const { warnings, realised } = exportMixture(id, { mixture })
    expect(warnings.map(({ code }) => code)).toContain('weights-renormalised')
    const sum = Object.values(realised[0].weights).reduce((a, b) => a + b, 0)
    expect(sum).toBeCloseTo(1, 12)
  })

  test('writes domains in the order of `domains`', () => {
    const { text } = exportMixture('megatron', {
      mixture: { code: 0.3, web: 0.7 },
      domains: [{ name: 'web' }, { name: 'code' }],
    })
    expect(text).toBe('--train-data-path 0.7 web 0.3 code\n')
  })

  test('the checksum is of what was given, whatever the order of its names', () => {
    const { checksum } = exportMixture('json', { mixture: { code: 0.3, web: 0.7 } })
    expect(exportMixture('csv', { mixture: TWO }).checksum).toBe(checksum)
    const other = exportMixture('json', { mixture: { code: 0.30000001, web: 0.69999999 } })
    expect(other.checksum).not.toBe(checksum)
  })
})

describe('what cannot be exported', () => {
  const one = (name: string) => JSON.parse(`{${JSON.stringify(name)}: 1}`)

  test.each<[string, ExportInput, RegExp]>([
    ['nothing', {}, /either `mixture` or `phases`/],
    ['both', { mixture: TWO, phases: schedule(0) }, /either `mixture` or `phases`/],
    ['no phases', { phases: [] }, /either `mixture` or `phases`/],
    ['an empty mixture', { mixture: {} }, /^\/mixture: The weights sum to 0/],
    ['a sum that is off', { mixture: { web: 0.7, code: 0.2 } }, /^\/mixture: .*sum to 0\.8999/],
    ['NaN', { mixture: { web: Number.NaN, code: 1 } }, /^\/mixture\/web: .*got NaN/],
    ['an infinity', { mixture: { web: Number.POSITIVE_INFINITY } }, /^\/mixture\/web: /],
    ['a negative weight', { mixture: { web: -0.1, code: 1 } }, /^\/mixture\/web: .*got -0\.1/],
    ['a line break in a name', { mixture: one('a\nb') }, /^\/mixture\/a\nb: .*no line breaks/],
    ['a name of nothing', { mixture: one('') }, /^\/mixture\/: .*1 to 200/],
    ['a NUL in a name', { mixture: one('a\0b') }, /no NUL/],
    ['half of a surrogate pair', { mixture: one('a\ud800') }, /surrogate/],
    [
      'a weight for an unknown domain',
      { mixture: { web: 0.7, cod: 0.3 }, domains: [{ name: 'web' }, { name: 'code' }] },
      /^\/mixture\/cod: .*did you mean "code"/,
    ],
    [
      'a domain twice',
      { mixture: { web: 1 }, domains: [{ name: 'web' }, { name: 'web' }] },
      /^\/domains\/1\/name: .*already taken/,
    ],
    [
      'a first phase that begins late',
      { phases: schedule(5) },
      /^\/phases\/0\/startStep: .*step 0/,
    ],
    ['phases out of order', { phases: schedule(0, 10, 10) }, /^\/phases\/2\/startStep: .*above 10/],
    [
      'more weights than are written in a moment',
      {
        phases: Array.from({ length: 100 }, (_, i) => ({
          startStep: i,
          weights: Object.fromEntries(Array.from({ length: 101 }, (_, j) => [`d${j}`, 1 / 101])),
        })),
      },
      /^\/phases: .*10100 weights; at most 10000/,
    ],
  ])('%s', (_, input, said) => {
    expect(problems('json', input)).toMatch(said)
  })

  test('a format that does not exist', () => {
    const { code, message, status } = refusal('yaml', { mixture: TWO })
    expect([code, status]).toEqual(['export-format-not-found', 404])
    expect(message).toMatch(/"yaml" is not an export format; .*olmo-core/)
  })

  test('tens of thousands of unknown names, without trying to guess them all', () => {
    const names = Array.from({ length: 50_000 }, (_, i) => [`${i}-${'x'.repeat(80)}`, 0])
    const domains = Array.from({ length: 1000 }, (_, i) => ({ name: `${'y'.repeat(80)}-${i}` }))
    const { errors } = refusal('json', { mixture: Object.fromEntries(names), domains })
    expect(errors).toHaveLength(50)
  })
})

describe('paths', () => {
  const spaced = { mixture: { 'web pages': 1 } }

  test.each(['megatron', 'megatron-json'])('%s refuses white space', (id) => {
    expect(problems(id, spaced)).toMatch(
      /^\/options\/paths\/web pages: The name .*splits its blends at white space\. Give its path here/,
    )
    const options = { paths: { 'web pages': '/d/web\u00a0pages' } }
    expect(problems(id, { ...spaced, options })).toMatch(/The path "\/d\/web.pages" cannot be used/)
    expect(
      exportMixture(id, { ...spaced, options: { paths: { 'web pages': '/d/web' } } }).text,
    ).toContain('/d/web')
  })

  test('Megatron refuses what would be taken for an option', () => {
    expect(problems('megatron', { mixture: { '--split': 1 } })).toMatch(/begins with a dash/)
  })

  test('Megatron refuses bad paths for validation', () => {
    const options = { validPaths: ['/v/a', '/v/b c'] }
    expect(problems('megatron-json', { mixture: TWO, options })).toMatch(
      /^\/options\/validPaths\/1: /,
    )
  })

  test('LLaMA-Factory refuses commas', () => {
    expect(problems('llama-factory', { mixture: { 'a,b': 1 } })).toMatch(/splits .* at commas/)
  })

  test('lists are refused where a target takes one path', () => {
    const options = { paths: { web: ['/d/a', '/d/b'] } }
    expect(problems('nanotron', { mixture: TWO, options })).toMatch(
      /takes one path a domain; got 2/,
    )
    expect(exportMixture('olmo-core', { mixture: TWO, options }).text).toContain('[/d/a, /d/b]')
  })

  test('a path for a domain that is not there', () => {
    const options = { paths: { webb: '/d/web' } }
    expect(problems('nanotron', { mixture: TWO, options })).toMatch(
      /\/options\/paths\/webb: .*"web"/,
    )
  })

  test('control characters, in paths and in names that stand for paths', () => {
    const options = { paths: { web: '/d/\nweb' } }
    expect(problems('litdata', { mixture: TWO, options })).toMatch(/^\/options\/paths\/web: /)
    expect(problems('litdata', { mixture: { 'a\tb': 1 } })).toMatch(/control character/)
  })

  test('one path for two domains', () => {
    const options = { paths: { web: '/d', code: '/d' } }
    expect(codes('nanotron', { mixture: TWO, options })).toContain('shared-path')
  })
})

describe('Megatron', () => {
  const text = (options: object) =>
    exportMixture('megatron', { mixture: TWO, options: { ...options } }).text

  test('writes --split with --data-path, and only there', () => {
    expect(text({ argument: 'data-path', split: '99,1,0' })).toBe(
      '--data-path 0.7 web 0.3 code --split 99,1,0\n',
    )
    expect(() => text({ argument: 'data-path' })).toThrow(MixwrightError)
    expect(() => text({ split: '99,1,0' })).toThrow(MixwrightError)
    expect(() => text({ argument: 'data-path', split: '99,1,0; rm -rf /' })).toThrow(MixwrightError)
  })

  test('counts samples by tokens and sequence length, and leaves out what gets none', () => {
    const mixture = { web: 0.6, code: 0.39995, rare: 0.00005 }
    const options = { tokens: 10_240, sequenceLength: 10 }
    const { text, realised, dropped, warnings } = exportMixture('megatron', { mixture, options })
    // 1,024 samples: 614.4, 409.5 and 0.05.
    expect(dropped).toEqual(['rare'])
    expect(warnings[0]).toMatchObject({ code: 'below-resolution' })
    expect(warnings[0].message).toContain('"rare" (0.00005)')
    expect(text).not.toContain('rare')
    expect(realised[0].weights).toEqual({ web: 614 / 1024, code: 410 / 1024 })
    expect(problems('megatron', { mixture, options: { tokens: 100 } })).toMatch(
      /^\/options\/sequenceLength: .*together/,
    )
    expect(problems('megatron', { mixture, options: { tokens: 9, sequenceLength: 10 } })).toMatch(
      /less than one sample/,
    )
  })
})

describe('OLMo-core', () => {
  const domains = [
    { name: 'web', tokens: 1000 },
    { name: 'code', tokens: 100, maxEpochs: 2 },
  ]

  test('warns when a source has too few tokens for its ratio', () => {
    const warn = (tokens: number) =>
      exportMixture('olmo-core', { mixture: TWO, domains, options: { tokens } }).warnings
    // code: 0.3 × 666 = 199.8 ≤ 200 tokens, but 0.3 × 670 = 201.
    expect(warn(666)).toEqual([])
    const [{ code, message }] = warn(670)
    expect(code).toBe('tokens-insufficient')
    expect(message).toMatch(/"code" needs 201 tokens and has 100, at most 2 times/)
  })

  test('says nothing of sources whose tokens are not known', () => {
    expect(codes('olmo-core', { mixture: TWO, options: { tokens: 1e15 } })).toEqual([])
  })

  test('truncates as `int(requested_tokens * target_ratio)` does', () => {
    const mixture = { web: 0.6, code: 0.39, rare: 0.01 }
    const result = exportMixture('olmo-core', { mixture, options: { tokens: 50 } })
    expect(result.dropped).toEqual(['rare'])
    // Of 50 tokens 30.3 and 19.7, once the ratios of the two that are left sum to 1 again.
    expect(result.realised[0].weights).toEqual({ web: 30 / 49, code: 19 / 49 })
  })
})

describe('Levanter', () => {
  test('drops what lies below 1/2048, and gives the remainder of a block to the largest', () => {
    const mixture = { web: 0.6, code: 0.3996, rare: 0.0004 }
    const { dropped, realised, warnings } = exportMixture('levanter', { mixture })
    expect(dropped).toEqual(['rare'])
    expect(warnings[0]).toMatchObject({ code: 'below-resolution' })
    // 1,229.3 and 818.7 sequences of 2,048.
    expect(realised[0].weights).toEqual({ web: 1230 / 2048, code: 818 / 2048 })
    expect(exportMixture('levanter', { mixture, options: { blockSize: 10_000 } }).dropped).toEqual(
      [],
    )
  })

  test('lets phases begin between blocks only', () => {
    const at = (step: number, options: object) => ({
      phases: schedule(0, step),
      options: { ...options },
    })
    expect(codes('levanter', at(9000, {}))).toEqual(['start-unchecked'])
    expect(codes('levanter', at(4096, {}))).toEqual([])
    expect(codes('levanter', at(9000, { batchSize: 1024 }))).toEqual([])
    expect(problems('levanter', at(9001, { batchSize: 1024 }))).toMatch(
      /^\/phases\/1\/startStep: .*multiples of 2 steps; 9002 is near 9001/,
    )
    expect(problems('levanter', at(100, { batchSize: 3 }))).toMatch(/2048 is near 100/)
  })

  test('takes the two budgets together', () => {
    const options = { targetBudget: 1000 }
    expect(problems('levanter', { mixture: TWO, options })).toMatch(/experimentBudget: .*together/)
  })
})

describe('MosaicML', () => {
  test('says when the size of an epoch is left to the data', () => {
    expect(codes('mosaicml', { mixture: TWO })).toEqual(['epoch-size-unset'])
    expect(codes('mosaicml', { mixture: TWO, options: { epochSize: 10 } })).toEqual([])
  })

  test('truncates counts of an epoch', () => {
    const { realised } = exportMixture('mosaicml', { mixture: TWO, options: { epochSize: 11 } })
    expect(realised[0].weights).toEqual({ web: 7 / 10, code: 3 / 10 })
  })

  test('wants a folder of its own for every stream', () => {
    const options = { localPaths: { web: '/tmp/x', code: '/tmp/x' } }
    expect(problems('mosaicml', { mixture: TWO, options })).toMatch(/"\/tmp\/x" is given twice/)
  })

  test('refuses an epoch in which no stream has a sample', () => {
    const input = { mixture: { web: 0.5, code: 0.5 }, options: { epochSize: 1 } }
    expect(problems('mosaicml', input)).toMatch(/^\/options\/epochSize: No domain gets anything/)
  })
})

describe('olmix', () => {
  const tree = (...names: string[]) => ({
    mixture: Object.fromEntries(names.map((name) => [name, 1 / names.length])),
    options: { separator: ':' },
  })

  test.each<[string, string[], RegExp]>([
    ['a domain that is a group too', ['a', 'a:b'], /"a", "a:b"/],
    ['a level without a name', ['a:', 'b'], /"a:" with a level that has no name/],
    ['a level with a word of olmix', ['a:weight', 'b'], /level named "weight"/],
  ])('refuses %s', (_, names, said) => {
    expect(problems('olmix', tree(...names))).toMatch(said)
  })
})

describe('plain formats', () => {
  test('refuse tokens of a schedule', () => {
    expect(problems('csv', { phases: schedule(0), options: { tokens: 10 } })).toMatch(/last phase/)
  })

  test('give out tokens by largest remainder', () => {
    const mixture = { a: 1 / 3, b: 1 / 3, c: 1 / 3 }
    const { text, realised } = exportMixture('csv', { mixture, options: { tokens: 100 } })
    expect(text.split('\n').map((row) => row.split(',')[2])).toEqual([
      'tokens',
      '34',
      '33',
      '33',
      undefined,
    ])
    expect(realised[0].weights).toEqual({ a: 0.34, b: 0.33, c: 0.33 })
  })
})

describe('where shares are not shares of tokens, it is said', () => {
  test.each([...EXPORTERS.values()].map(({ id, unit }) => [id, unit]))(
    '%s counts %s',
    (id, unit) => {
      const isSaid = codes(id, { mixture: TWO }).includes('unit-differs')
      expect(isSaid).toBe(/example|record|document|^samples$/.test(unit))
    },
  )
})

test.each([
  [0.7, '0.7'],
  [1, '1.0'],
  [0, '0.0'],
  [1e-7, '0.0000001'],
  [1.25e-9, '0.00000000125'],
  [5e-324, `0.${'0'.repeat(323)}5`],
  [1e21, `1${'0'.repeat(21)}.0`],
  [1.5e22, `15${'0'.repeat(21)}.0`],
  [-2.5e-8, '-0.000000025'],
])('%d is written %s', (value, text) => {
  expect(plainDecimal(value)).toBe(text)
  expect(Number(text)).toBe(value)
})
