import { describe, expect, test } from 'vitest'
import { untagBrown } from '../../../src/cli/demo/brown.js'
import { TEXT_DOMAINS } from '../../../src/cli/demo/text-domains.js'

describe('text of the Brown corpus', () => {
  test.each([
    ['\tThe/at jury/nn further/rbr said/vbd ,/, twice/rb ./.', 'The jury further said, twice.'],
    ["``/`` deserves/vbz the/at praise/nn ''/'' ./.", '"deserves the praise".'],
    ['about/in 1/2/cd a/at mile/nn (/( Yes/rb )/) ?/. ?/.', 'about 1/2 a mile (Yes)?'],
    ['One/cd ./.\n\n\n\tTwo/cd ;/. ;/. three/cd', 'One.\n\nTwo; three'],
    ['', ''],
  ])('%j reads %j', (tagged, text) => {
    expect(untagBrown(tagged)).toBe(text)
  })
})

test('every domain of the demo has at least a megabyte of text, and no tags of the corpus are left', () => {
  for (const { name, source, documents } of TEXT_DOMAINS) {
    const text = [...documents()].join('\n')
    expect(Buffer.byteLength(text), name).toBeGreaterThan(1e6)
    if (source.startsWith('Brown')) expect(text).not.toMatch(/\w\/(nn|vbd|at|jj)\b/)
  }
})
