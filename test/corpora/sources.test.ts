import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { BEGINNING, readDocuments } from '../../src/corpora/formats/index.js'
import { guessFormat, resolveSource, type SourceSpec } from '../../src/corpora/index.js'
import { folderWith, newFolder, pathSource } from './support/folders.js'

const TREE = {
  'b.jsonl': '{"text":"b"}',
  'a.txt': 'a',
  'deep/c.json.gz': 'c',
  'deep/er/d.parquet': 'd',
  'deep/code.ts': 'code',
  '.hidden.txt': 'hidden',
  '.git/e.txt': 'hidden too',
}

async function found(root: string, given: string, options: Partial<SourceSpec> = {}) {
  const files = await resolveSource(pathSource(given, options), [root])
  return files.map(({ path: file, format }) => `${path.relative(root, file)} ${format}`)
}

describe('a path', () => {
  test('may be a file, of any name', async () => {
    const root = folderWith({ ...TREE, 'a[1]*.txt': 'odd' })
    expect(await found(root, path.join(root, 'a.txt'))).toEqual(['a.txt text'])
    expect(await found(root, path.join(root, 'deep/code.ts'))).toEqual(['deep/code.ts text'])
    expect(await found(root, path.join(root, 'a[1]*.txt'))).toEqual(['a[1]*.txt text'])
    expect(await found(root, path.join(root, 'a.txt'), { format: 'csv' })).toEqual(['a.txt csv'])
  })

  test('may be a folder: all below it whose names tell their format, sorted', async () => {
    const root = folderWith(TREE)
    expect(await found(root, root)).toEqual([
      'a.txt text',
      'b.jsonl jsonl',
      'deep/c.json.gz jsonl',
      'deep/er/d.parquet parquet',
    ])
    expect(await found(root, root, { format: 'parquet' })).toEqual(['deep/er/d.parquet parquet'])
    expect(await found(root, path.join(root, 'deep'), { format: 'text' })).toEqual([
      'deep/c.json.gz text',
      'deep/code.ts text',
      'deep/er/d.parquet text',
    ])
  })

  test('may be a pattern, and may be relative to an allowed folder', async () => {
    const root = folderWith(TREE)
    expect(await found(root, path.join(root, '**/*.{txt,ts}'))).toEqual([
      'a.txt text',
      'deep/code.ts text',
    ])
    expect(await found(root, 'deep/*.ts')).toEqual(['deep/code.ts text'])
    expect(await found(root, 'a.txt')).toEqual(['a.txt text'])
  })

  test('may have choices with slashes in a pattern, below folders with signs in their names', async () => {
    const root = folderWith({ 'n (1)/[x]/a/b/1.txt': '1', 'n (1)/[x]/c/2.txt': '2' })
    const both = ['n (1)/[x]/a/b/1.txt text', 'n (1)/[x]/c/2.txt text']
    expect(await found(root, path.join(root, 'n (1)/[x]/{a/b,c}/*.txt'))).toEqual(both)
    expect(await found(root, 'n (1)/**/?.txt')).toEqual(both)
    expect(await found(root, 'n*(1)/[[]x]/c/[0-9].txt')).toEqual(both.slice(1))
  })

  test('is refused when a pattern would take too long to match', async () => {
    const root = folderWith({ [`${'a'.repeat(200)}.txt`]: 'a' })
    const costly = ['*a*a*a*b', '**/a/**/a/**/a/**', '{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}b']
    for (const given of costly) {
      await expect(found(root, given)).rejects.toThrow('a pattern has at most 3 stars')
    }
    // Groups that repeat are no part of patterns here.
    await expect(found(root, '+(+(a|aa))*b')).rejects.toThrow('no file is there')
  })

  test.skipIf(process.platform !== 'linux')('with a name that is not UTF-8 is named', async () => {
    const root = folderWith(TREE)
    writeFileSync(
      Buffer.concat([Buffer.from(`${root}/f`), Buffer.of(0xff), Buffer.from('.txt')]),
      'f',
    )
    await expect(found(root, root)).rejects.toThrow('f\ufffd.txt: its name is not UTF-8')
  })

  test('that leads nowhere is refused', async () => {
    const root = folderWith(TREE)
    for (const given of ['missing.txt', 'deep/*.csv', 'missing/**', 'a.txt/b.txt']) {
      await expect(found(root, path.join(root, given))).rejects.toMatchObject({
        code: 'source-unreadable',
        message: expect.stringContaining(given),
      })
    }
    mkdirSync(path.join(root, 'nothing'))
    await expect(found(root, path.join(root, 'nothing'))).rejects.toThrow('no file is there')
  })
})

describe('what lies outside of the allowed folders', () => {
  const refused = expect.objectContaining({ code: 'source-forbidden' })

  test('is refused, whether or not it is there', async () => {
    const [root, other] = [folderWith(TREE), folderWith({ 'secret.txt': 'secret' })]
    const outside = [
      path.join(other, 'secret.txt'),
      path.join(other, 'missing.txt'),
      other,
      `${other}/*`,
      path.join(root, '..', path.basename(other), 'secret.txt'),
      `${root}/../${path.basename(other)}/*.txt`,
      `../${path.basename(other)}/secret.txt`,
      `${root}-beside/a.txt`,
      '/',
      '/etc/passwd',
      '/**',
    ]
    for (const given of outside) {
      await expect(found(root, given), given).rejects.toEqual(refused)
    }
  })

  test('is not reached by a pattern that goes up', async () => {
    const root = folderWith({ 'in/a.txt': 'a', 'secret.txt': 'secret' })
    const inner = path.join(root, 'in')
    for (const given of [`${inner}/{..,x}/secret.txt`, `${inner}/*/@(..)/secret.txt`]) {
      await expect(found(inner, given)).rejects.toThrow()
    }
  })

  test('is refused by name when a link leads to it', async () => {
    const [root, other] = [folderWith(TREE), folderWith({ 'secret.txt': 'secret' })]
    symlinkSync(path.join(other, 'secret.txt'), path.join(root, 'link.txt'))
    symlinkSync(other, path.join(root, 'door'))
    for (const given of ['link.txt', 'door', 'door/secret.txt', 'door/*.txt']) {
      await expect(found(root, `${root}/${given}`), given).rejects.toMatchObject({
        code: 'source-forbidden',
        message: expect.stringMatching(/(link\.txt|door).* leads by a link out of/),
      })
    }
  })

  test('is not read when a folder has become a link since', async () => {
    const outside = folderWith({ 'a.txt': 'secret' })
    const root = folderWith({ 'in/a.txt': 'public' })
    const [file] = await resolveSource(pathSource('in/a.txt'), [root])
    renameSync(path.join(root, 'in'), path.join(root, 'was'))
    symlinkSync(outside, path.join(root, 'in'))
    const reading = readDocuments({ file, maxDocumentBytes: 100, from: BEGINNING }).next()
    await expect(reading).rejects.toThrow('a folder on its way was replaced by a link')
  })

  test('is left out when a folder holds a link to it', async () => {
    const [root, other] = [folderWith({ 'a.txt': 'a' }), folderWith({ 'secret.txt': 'secret' })]
    symlinkSync(path.join(other, 'secret.txt'), path.join(root, 'link.txt'))
    symlinkSync(other, path.join(root, 'door'))
    expect(await found(root, root)).toEqual(['a.txt text'])
    expect(await found(root, `${root}/**/*.txt`)).toEqual(['a.txt text'])
  })

  test('is everything when no folder is allowed', async () => {
    const root = folderWith(TREE)
    const source = pathSource(path.join(root, 'a.txt'))
    await expect(resolveSource(source, [])).rejects.toMatchObject({
      code: 'source-forbidden',
      message: expect.stringContaining('no folder may be read from'),
    })
    await expect(resolveSource({ ...source, path: 'a.txt' }, [])).rejects.toEqual(refused)
  })

  test('may be an allowed folder that is itself a link, under both of its names', async () => {
    const real = folderWith(TREE)
    const link = path.join(newFolder(), 'allowed')
    symlinkSync(real, link)
    for (const given of [path.join(link, 'a.txt'), path.join(real, 'a.txt')]) {
      const [file] = await resolveSource(pathSource(given), [link])
      expect(file).toMatchObject({ path: path.join(real, 'a.txt'), name: given })
    }
  })
})

test('an upload is read wherever it lies, under the name that it came with', async () => {
  const root = folderWith({ '7f3a': '{"text":"a"}' })
  const upload = pathSource(path.join(root, '7f3a'), { kind: 'upload', name: 'pages.jsonl' })
  const [file] = await resolveSource({ ...upload, format: 'jsonl' }, [])
  expect(file).toMatchObject({
    path: path.join(root, '7f3a'),
    name: 'pages.jsonl',
    format: 'jsonl',
  })
  const gone = { ...upload, path: path.join(root, 'gone') }
  await expect(resolveSource(gone, [])).rejects.toThrow('pages.jsonl: the uploaded file is gone')
})

test.skipIf(process.getuid?.() === 0)('a folder that may not be entered is refused', async () => {
  const root = folderWith({ 'locked/a.txt': 'a' })
  chmodSync(path.join(root, 'locked'), 0)
  await expect(found(root, path.join(root, 'locked/a.txt'))).rejects.toThrow('EACCES')
})

test('formats are told by names, through the endings of compression', () => {
  const names = {
    'a.jsonl': 'jsonl',
    'a.json.gz': 'jsonl',
    'A.NDJSON.ZST': 'jsonl',
    'x.y.csv': 'csv',
  }
  const more = {
    'a.tsv.zstd': 'csv',
    'a.parquet': 'parquet',
    'README.md': 'text',
    'a.txt.gz': 'text',
  }
  for (const [name, format] of Object.entries({ ...names, ...more })) {
    expect(guessFormat(name), name).toBe(format)
  }
  for (const name of ['a', 'a.png', 'a.gz', 'jsonl', 'folder.csv/a']) {
    expect(guessFormat(name), name).toBeUndefined()
  }
})
