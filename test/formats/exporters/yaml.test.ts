import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exportMixture } from '../../../src/formats/exporters/index.js'
import { type Domain, domainsArbitrary, mixtureOf, pathsFor } from './arbitraries.js'
import { at, isClose, levanterCounts, numpyTakes, type Read, readYaml } from './consumers.js'
import { expectAll, exported, isItem, isPath, named, property } from './round-trip.js'

describe('readers of YAML', () => {
  test('lm-engine', () => {
    property((domains) => {
      const paths = pathsFor(domains, isPath)
      const { text, dropped } = exported('lm-engine', domains, { paths })
      const blend: unknown[] = at(readYaml(text), 'train_data_path')
      const read = blend.flatMap((item, i) =>
        i % 2 === 0 ? [{ weight: item as number, name: blend[i + 1] as string }] : [],
      )
      expectAll(named(read, paths), domains, dropped)
    })
  })

  test('OLMo-core takes every ratio: in (0, 1], and a sum of 1', () => {
    property((domains) => {
      const paths = pathsFor(domains, isPath)
      const { text, dropped } = exported('olmo-core', domains, { paths })
      const sources: Map<string, never>[] = at(readYaml(text), 'sources')
      const read = sources.map((source) => ({
        name: source.get('source_name') as unknown as string,
        weight: source.get('target_ratio') as unknown as number,
      }))
      for (const source of sources) {
        const name = source.get('source_name') as unknown as string
        expect(source.get('paths')).toEqual([paths[name]])
        expect(source.get('max_repetition_ratio')).toBeGreaterThanOrEqual(1)
      }
      expect(read.every(({ weight }) => weight > 0 && weight <= 1)).toBe(true)
      expectAll(read, domains, dropped)
    })
  })

  test('olmix: weights multiply along the tree, and siblings sum to 1', () => {
    const leavesOf = (tree: Map<string, unknown>, path: string[], weight: number): Read[] => {
      const children = [...tree].filter(([, child]) => child instanceof Map)
      const weights = children.map(([, child]) => (child as Map<string, number>).get('weight') ?? 0)
      expect(
        isClose(
          weights.reduce((a, b) => a + b, 0),
          1,
        ),
      ).toBe(true)
      return children.flatMap(([name, child], i) => {
        const here = [...path, name]
        const total = weight * weights[i]
        const isLeaf = (child as Map<string, unknown>).has('repetition_factor')
        return isLeaf
          ? [{ name: here.join('|'), weight: total }]
          : leavesOf(child as Map<string, unknown>, here, total)
      })
    }
    const groups = fc.array(fc.constantFrom('', 'a|', 'no|', 'a|b|'), {
      minLength: 12,
      maxLength: 12,
    })
    fc.assert(
      fc.property(domainsArbitrary, groups, (flat, prefixes) => {
        const isUsable = ({ name }: Domain) =>
          !name.includes('|') && !['a', 'b', 'no', 'weight'].includes(name)
        const usable = flat.filter(isUsable)
        fc.pre(usable.some(({ weight }) => weight > 1e-3))
        const sum = usable.reduce((total, { weight }) => total + weight, 0)
        const domains = usable.map(({ name, weight }, i) => ({
          name: prefixes[i] + name,
          weight: weight / sum,
        }))
        const { text, dropped } = exported('olmix', domains, { separator: '|' })
        const read = leavesOf(at(readYaml(text), 'mix'), [], 1)
        const weightOf = new Map(read.map(({ name, weight }) => [name, weight]))
        const inOrder = domains.filter(({ weight }) => weight > 0)
        expect(read).toHaveLength(inOrder.length)
        expectAll(
          inOrder.map(({ name }) => ({ name, weight: weightOf.get(name) ?? Number.NaN })),
          domains,
          dropped,
        )
      }),
    )
  })

  test('Levanter gives out whole blocks as `realised` says, and no domain in the text gets nothing', () => {
    fc.assert(
      fc.property(domainsArbitrary, fc.integer({ min: 16, max: 4096 }), (domains, blockSize) => {
        const { text, realised, dropped } = exported('levanter', domains, { blockSize })
        const weights: Map<string, number> = at(readYaml(text), 'data', 'train_weights')
        const counts = levanterCounts(weights, blockSize)
        expect(counts.every(({ count }) => count > 0)).toBe(true)
        expect(realised[0].weights).toEqual(
          Object.fromEntries(counts.map(({ name, count }) => [name, count / blockSize])),
        )
        expect(new Set([...dropped, ...weights.keys()]).size).toBe(domains.length)
        // Nothing is left out that would have got something.
        const given = new Map(domains.map(({ name, weight }) => [name, weight]))
        for (const name of dropped) expect(given.get(name)).toBeLessThan(1 / blockSize)
      }),
    )
  })

  test('nanotron: a folder for every weight, in every stage', () => {
    fc.assert(
      fc.property(domainsArbitrary, domainsArbitrary, (first, second) => {
        const all = [
          ...new Map([...first, ...second].map((domain) => [domain.name, domain])).values(),
        ]
        const paths = pathsFor(all, isPath)
        const { text } = exportMixture('nanotron', {
          phases: [
            { startStep: 0, weights: mixtureOf(first) },
            { startStep: 500, weights: mixtureOf(second) },
          ],
          domains: all.map(({ name }) => ({ name })),
          options: { paths },
        })
        const stages: unknown[] = at(readYaml(text), 'data_stages')
        expect(stages.map((stage) => at(stage, 'start_training_step'))).toEqual([1, 501])
        for (const [i, domains] of [first, second].entries()) {
          const folders: string[] = at(stages[i], 'data', 'dataset', 'dataset_folder')
          const weights: number[] = at(stages[i], 'data', 'dataset', 'dataset_weights')
          expect(folders).toHaveLength(weights.length)
          const read = named(
            folders.map((name, j) => ({ name, weight: weights[j] })),
            paths,
          )
          const weightOf = new Map(read.map(({ name, weight }) => [name, weight]))
          const positive = domains.filter(({ weight }) => weight > 0)
          expect(read).toHaveLength(positive.length)
          for (const { name, weight } of positive)
            expect(weightOf.get(name)).toBeCloseTo(weight, 12)
        }
      }),
    )
  })

  test('MosaicML: no stream of an epoch is empty, and truncated counts are as `realised` says', () => {
    fc.assert(
      fc.property(domainsArbitrary, fc.integer({ min: 100, max: 1e9 }), (domains, epochSize) => {
        const paths = pathsFor(domains, isPath)
        const result = exported('mosaicml', domains, { paths, epochSize })
        const dataset: Map<string, never> = at(readYaml(result.text), 'train_loader', 'dataset')
        expect(dataset.get('epoch_size')).toBe(epochSize)
        const streams = [...(dataset.get('streams') as unknown as Map<string, Map<string, never>>)]
        const proportions = streams.map(
          ([, stream]) => stream.get('proportion') as unknown as number,
        )
        const total = proportions.reduce((a, b) => a + b, 0)
        const counts = proportions.map((one) => Math.floor(epochSize * (one / total)))
        const sum = counts.reduce((a, b) => a + b, 0)
        streams.forEach(([name, stream], i) => {
          expect(stream.get('remote')).toBe(paths[name])
          expect(counts[i]).toBeGreaterThan(0)
          // The reader's own sum of the proportions may differ in its last digit.
          expect(Math.abs(result.realised[0].weights[name] * sum - counts[i])).toBeLessThan(
            1 + 1e-6,
          )
        })
      }),
    )
  })

  test('LLaMA-Factory: as many names as probabilities, which NumPy takes', () => {
    property((domains) => {
      const paths = pathsFor(domains, isItem)
      const { text, dropped } = exported('llama-factory', domains, { paths })
      const tree = readYaml(text)
      const names = (at(tree, 'dataset') as string).split(',').map((item) => item.trim())
      const probabilities = (at(tree, 'interleave_probs') as string).split(',').map(Number)
      expect(numpyTakes(probabilities)).toBe(true)
      expect(names).toHaveLength(probabilities.length)
      const read = names.map((name, i) => ({ name, weight: probabilities[i] }))
      expectAll(named(read, paths), domains, dropped)
    })
  })
})
