import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { domainsArbitrary, pathsFor } from './arbitraries.js'
import { hasPython, hasPyYaml, numpyTakes, python, readYaml } from './consumers.js'
import { expectAll, exported, isItem, isPath, named } from './round-trip.js'

const READ_PYTHON = `
import ast, json, sys
read = []
for text in json.load(sys.stdin):
    tree = ast.parse(text)
    values = {n.targets[0].id: ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign)}
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    keywords = {}
    children = []
    for call in calls:
        given = {k.arg: k.value for k in call.keywords if k.arg}
        if getattr(call.func, 'id', '') == 'WeightedDataset':
            children.append([ast.literal_eval(given['dataset'].slice), ast.literal_eval(given['weight'])])
        for name, value in given.items():
            if isinstance(value, ast.Constant):
                keywords[name] = value.value
    read.append({'values': values, 'keywords': keywords, 'children': children})
print(json.dumps(read))
`

interface PythonText {
  values: Record<string, never[]>
  keywords: Record<string, unknown>
  children: [string, number][]
}

describe.skipIf(!hasPython)('Python reads', () => {
  const samples = fc.sample(domainsArbitrary, { numRuns: 100, seed: 5 })

  test('the snippet for Hugging Face, with probabilities that NumPy takes', () => {
    const results = samples.map((domains) => exported('hf-interleave', domains, { seed: 3 }))
    const read = python<PythonText[]>(
      READ_PYTHON,
      results.map(({ text }) => text),
    )
    read.forEach(({ values, keywords }, i) => {
      expect(keywords).toMatchObject({ seed: 3, stopping_strategy: 'all_exhausted' })
      expect(numpyTakes(values.PROBABILITIES)).toBe(true)
      const domains = values.DOMAINS.map((name, j) => ({ name, weight: values.PROBABILITIES[j] }))
      expectAll(domains, samples[i], results[i].dropped)
    })
  })

  test('the snippet for litdata, which does not iterate over all', () => {
    const paths = samples.map((domains) => pathsFor(domains, isPath))
    const results = samples.map((domains, i) => exported('litdata', domains, { paths: paths[i] }))
    const read = python<PythonText[]>(
      READ_PYTHON,
      results.map(({ text }) => text),
    )
    read.forEach(({ values, keywords }, i) => {
      expect(keywords).toMatchObject({ seed: 42, iterate_over_all: false })
      const folders = values.INPUT_DIRS.map((name, j) => ({ name, weight: values.WEIGHTS[j] }))
      expectAll(named(folders, paths[i]), samples[i], results[i].dropped)
    })
  })

  test('the snippet for torchtitan, with every weight above 0 and in order', () => {
    const results = samples.map((domains) => exported('torchtitan', domains))
    const read = python<PythonText[]>(
      READ_PYTHON,
      results.map(({ text }) => text),
    )
    read.forEach(({ children }, i) => {
      const domains = children.map(([name, weight]) => ({ name, weight }))
      expect(domains.every(({ weight }) => weight > 0)).toBe(true)
      expectAll(domains, samples[i], results[i].dropped)
    })
  })

  test.skipIf(!hasPyYaml)('every YAML text as the libraries for JavaScript do', () => {
    const ids = [
      'lm-engine',
      'olmo-core',
      'olmix',
      'levanter',
      'nanotron',
      'mosaicml',
      'llama-factory',
    ]
    const texts = samples.slice(0, 40).flatMap((domains) =>
      ids.map((id) => {
        const isFine = id === 'llama-factory' ? isItem : isPath
        const takesPaths = id !== 'olmix' && id !== 'levanter'
        const options = takesPaths ? { paths: pathsFor(domains, isFine) } : {}
        return exported(id, domains, options).text
      }),
    )
    const script = `
import json, sys, yaml
def pairs(value):
    if isinstance(value, dict): return {'map': [[pairs(k), pairs(v)] for k, v in value.items()]}
    return [pairs(v) for v in value] if isinstance(value, list) else value
print(json.dumps([pairs(yaml.safe_load(text)) for text in json.load(sys.stdin)]))
`
    const pairs = (value: unknown): unknown => {
      if (value instanceof Map) return { map: [...value].map(([k, v]) => [pairs(k), pairs(v)]) }
      return Array.isArray(value) ? value.map(pairs) : value
    }
    const read = python<unknown[]>(script, texts)
    read.forEach((value, i) => {
      expect(value, texts[i]).toEqual(pairs(readYaml(texts[i])))
    })
  })
})
