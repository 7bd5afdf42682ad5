import { expect, test } from 'vitest'
import { didYouMean, nearestNames } from '../../src/formats/nearest-name.js'

const known = ['pile_cc', 'wikipedia_en', 'github', 'pubmed_central', 'pubmed_abstracts']

test('the nearest names come first', () => {
  expect(nearestNames('gihtub', known)).toEqual(['github'])
  expect(nearestNames('Wikipedia', known)).toEqual(['wikipedia_en'])
  expect(nearestNames('pubmed_abstract', known, 2)).toEqual(['pubmed_abstracts', 'pubmed_central'])
})

test('nothing is suggested when nothing is near', () => {
  expect(nearestNames('hellaswag', known)).toEqual([])
  expect(didYouMean('hellaswag', known)).toBe('')
  expect(didYouMean('pile-cc', known)).toBe('; did you mean "pile_cc"?')
})
