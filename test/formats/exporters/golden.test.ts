import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { EXPORTERS, type ExportInput, exportMixture } from '../../../src/formats/exporters/index.js'
import { HARD, HARD_DOMAINS, TWO } from './mixtures.js'

/** What the texts in golden/ are of; these were written by hand from the documentation of each target. */

const folder = new URL('golden/', import.meta.url)
const files = readdirSync(folder)

const bucket = (scheme: string, suffix = '') => ({
  web: `${scheme}://b/web${suffix}`,
  code: `${scheme}://b/code${suffix}`,
})

const TWO_DOMAINS: Record<string, Partial<ExportInput>> = {
  json: {},
  csv: {},
  megatron: { options: { paths: { web: '/d/web_text_document', code: '/d/code_text_document' } } },
  'megatron-json': {
    options: {
      paths: { web: '/d/web_text_document', code: '/d/code_text_document' },
      validPaths: ['/d/valid_text_document'],
      testPaths: ['/d/test_text_document'],
    },
  },
  'lm-engine': { options: { paths: { web: '/d/web', code: '/d/code' } } },
  'olmo-core': {
    domains: [{ name: 'web' }, { name: 'code', maxEpochs: 2 }],
    options: { paths: bucket('s3', '/**/*.npy') },
  },
  olmix: { domains: [{ name: 'web' }, { name: 'code', maxEpochs: 2 }] },
  levanter: {},
  nanotron: { options: { paths: { web: '/d/web', code: '/d/code' } } },
  mosaicml: {
    options: {
      paths: bucket('s3'),
      localPaths: { web: '/tmp/web', code: '/tmp/code' },
      tokens: 2_048_000_999,
      sequenceLength: 2048,
    },
  },
  'hf-interleave': {},
  'llama-factory': {},
  litdata: { options: { paths: bucket('s3') } },
  torchtitan: {},
  maxtext: { options: { paths: bucket('gs', '.array_record*') } },
  doremi: {},
}

const hard = { mixture: HARD, domains: HARD_DOMAINS }
const MEGATRON_PATHS = {
  no: '/d/no',
  'it\'s "q" \\ $x': "/d/it's$x",
  '数学/é: #1': '/d/math',
}

const HARD_CASES: Record<string, ExportInput> = {
  json: { ...hard, options: { tokens: 1000 } },
  csv: {
    phases: [
      { startStep: 0, weights: { web: 0.7, 'a, "b"': 0.3 } },
      { startStep: 9000, weights: { web: 0.9999999, 'a, "b"': 1e-7 } },
    ],
  },
  megatron: {
    ...hard,
    options: { argument: 'data-path', split: '969,30,1', paths: MEGATRON_PATHS },
  },
  'megatron-json': {
    ...hard,
    options: {
      paths: MEGATRON_PATHS,
      validPaths: ['/v/a', '/v/b'],
      tokens: 1_000_000,
      sequenceLength: 10,
    },
  },
  'lm-engine': hard,
  'olmo-core': {
    mixture: HARD,
    domains: HARD_DOMAINS.map((domain, i) => (i === 1 ? { ...domain, maxEpochs: 0.5 } : domain)),
    options: {
      maxEpochs: 3,
      tokens: 1e9,
      paths: { no: ['s3://b/no/a.npy', 's3://b/no/b.npy'] },
    },
  },
  olmix: {
    mixture: { 'dclm:a b': 0.5, 'dclm:yes': 0.25, 数学: 0.25 },
    domains: [{ name: 'dclm:a b', maxEpochs: 0.5 }, { name: 'dclm:yes' }, { name: '数学' }],
    options: { separator: ':' },
  },
  levanter: {
    phases: [
      { startStep: 0, weights: { web: 0.8, 'on: x': 0.2, 2024: 0 } },
      { startStep: 9000, weights: { web: 0.5, 'on: x': 0.25, 2024: 0.25 } },
    ],
    domains: [{ name: 'web' }, { name: 'on: x' }, { name: '2024' }],
    options: { blockSize: 1000, batchSize: 64, targetBudget: 2e12, experimentBudget: 6e9 },
  },
  nanotron: {
    phases: [
      { startStep: 0, weights: { 'web pages': 0.7, code: 0.3 } },
      { startStep: 9000, weights: { code: 1 } },
    ],
    options: { seed: 7, workers: 4, paths: { 'web pages': '/d/web pages', code: '/d/code' } },
  },
  mosaicml: { ...hard, options: { batchingMethod: 'per_stream', epochSize: 1000 } },
  'hf-interleave': { ...hard, options: { seed: 7, stoppingStrategy: 'first_exhausted' } },
  'llama-factory': { ...hard, options: { mixStrategy: 'interleave_under', streaming: false } },
  litdata: { ...hard, options: { seed: 7 } },
  torchtitan: hard,
  maxtext: hard,
  doremi: hard,
}

function golden(prefix: string, id: string): string {
  const file = files.find((name) => name.startsWith(`${prefix}.${id}.`))
  if (file === undefined) throw new Error(`there is no text of ${prefix} for ${id}`)
  return readFileSync(new URL(file, folder), 'utf8')
}

test('every target has its texts, and every text its target', () => {
  const ids = [...EXPORTERS.keys()].sort()
  expect(Object.keys(TWO_DOMAINS).sort()).toEqual(ids)
  expect(Object.keys(HARD_CASES).sort()).toEqual(ids)
  expect([...new Set(files.map((name) => name.split('.')[1]))].sort()).toEqual(ids)
})

describe('two domains', () => {
  test.each(Object.entries(TWO_DOMAINS))('%s', (id, input) => {
    const result = exportMixture(id, { mixture: TWO, ...input })
    expect(result.text).toBe(golden('two', id))
    // Of 2,048 sequences 1,433.6 and 614.4, truncated; the one that is left goes to the larger.
    const weights = id === 'levanter' ? { web: 1434 / 2048, code: 614 / 2048 } : TWO
    expect(result.realised).toEqual([{ startStep: 0, weights }])
    expect(result.dropped).toEqual([])
    // printf '{"code":0.3,"web":0.7}' | sha256sum
    expect(result.checksum).toBe('eff92ecae1d43e11a2d5d1915a810162c021babc89472c39c665318e144f6372')
  })
})

describe('hard names, small weights, every option', () => {
  test.each(Object.entries(HARD_CASES))('%s', (id, input) => {
    expect(exportMixture(id, input).text).toBe(golden('hard', id))
  })
})
