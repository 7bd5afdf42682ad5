import { lstat, realpath } from 'node:fs/promises'
import path from 'node:path'
import { MixwrightError } from '../../errors.js'
import { guessFormat, type SourceFile, unreadable } from '../formats/index.js'
import type { SourceSpec } from '../types.js'
import { AllowedFolders } from './allowed-folders.js'

/** A part "..", also as one of several alternatives. */
const GOES_UP = /(^|[/{,(|])\.\.($|[/},)|])/

/** What stands for bytes of a name that are not UTF-8. */
const REPLACEMENT = '\ufffd'

const PATTERN = /[*?[{]/
/** All else that the library would read as part of a pattern. */
const LITERAL = /[()!+@|]/g

/** Matching tries all ways to share a name out among stars, and each choice with those of the others. */
const MOST_STARS = 3
const MOST_DEEP = 3
const MOST_CHOICES = 4

/**
 * The files of a source, sorted by path, each once. Folders are read with all that is below them: files whose names tell a
 * known format, or the source's own one (`text` takes all). Names that begin with a dot, and links met on the way, are
 * left out. Patterns have `*`, `**`, `?`, `[…]` and `{…,…}`; what is there under its very name is no pattern. Touches no file's content, so that it can refuse a source while it is being added.
 * @throws MixwrightError `source-forbidden` outside of the allowed folders, also through a link; `source-unreadable`
 *   when nothing is there
 */
export async function resolveSource(
  source: SourceSpec,
  allowedFolders: readonly string[],
): Promise<SourceFile[]> {
  if (source.kind === 'upload') return [await upload(source)]
  const allowed = await AllowedFolders.open(allowedFolders)
  for (const candidate of allowed.candidates(source.path)) {
    const files = await filesAt(candidate, source, allowed)
    if (files.length > 0) return files
  }
  throw unreadable(
    source.path,
    'no file is there that could be read (folders are searched for known endings; links and dot files are left out)',
  )
}

async function upload(source: SourceSpec): Promise<SourceFile> {
  const real = await realpath(source.path).catch(() => undefined)
  const file = real && (await describe(real, source, source.name))
  if (file) return file
  throw unreadable(source.name, 'the uploaded file is gone')
}

async function filesAt(
  candidate: string,
  source: SourceSpec,
  allowed: AllowedFolders,
): Promise<SourceFile[]> {
  const real = await realpath(candidate).catch(missing)
  if (real === undefined) {
    return PATTERN.test(candidate) ? filesOfGlob(candidate, source, allowed) : []
  }
  if (!allowed.containsReal(real)) throw allowed.forbiddenLink(source.path)
  const stats = await lstat(real)
  if (stats.isDirectory()) return filesOfFolder(candidate, source, allowed)
  if (!stats.isFile()) throw unreadable(source.path, 'it is neither a file nor a folder')
  return filesAmong([candidate], source, allowed)
}

async function filesOfFolder(folder: string, source: SourceSpec, allowed: AllowedFolders) {
  const known = (name: string) => {
    const guessed = guessFormat(name)
    if (source.format === 'auto') return guessed !== undefined
    return source.format === 'text' || guessed === source.format
  }
  const found = await globbed('**/*', folder)
  return filesAmong(found.filter(known), source, allowed)
}

async function filesOfGlob(pattern: string, source: SourceSpec, allowed: AllowedFolders) {
  if (GOES_UP.test(source.path)) {
    throw unreadable(source.path, 'a pattern must not go up with ".."')
  }
  const { base, rest } = await split(pattern)
  if (!allowed.contains(base)) return []
  if (!allowed.containsReal(await realpath(base))) throw allowed.forbiddenLink(source.path)
  refuseCostly(source.path, rest)
  return filesAmong(await globbed(rest.replace(LITERAL, '\\$&'), base), source, allowed)
}

/** The folder that is there, and the pattern below it. */
async function split(pattern: string): Promise<{ base: string; rest: string }> {
  const parts = pattern.split(path.sep)
  let base = path.parse(pattern).root
  let found = 1
  for (; found < parts.length; found++) {
    const next = path.join(base, parts[found])
    if ((await realpath(next).catch(missing)) === undefined) break
    base = next
  }
  return { base, rest: parts.slice(found).join('/') }
}

function refuseCostly(given: string, pattern: string): void {
  const parts = pattern.split('/')
  const stars = (part: string) => part.replaceAll(/\*+/g, '*').split('*').length - 1
  const tooMany =
    parts.some((part) => stars(part) > MOST_STARS) ||
    parts.filter((part) => part.includes('**')).length > MOST_DEEP ||
    pattern.split('{').length - 1 > MOST_CHOICES
  if (!tooMany) return
  throw unreadable(
    given,
    `a pattern has at most ${MOST_STARS} stars between two slashes, ${MOST_DEEP} times "**" and ${MOST_CHOICES} times "{": name a folder, or several patterns`,
  )
}

async function globbed(pattern: string, folder: string): Promise<string[]> {
  const { glob } = await import('tinyglobby')
  return glob(pattern, {
    cwd: folder,
    absolute: true,
    dot: false,
    expandDirectories: false,
    followSymbolicLinks: false,
  })
}

async function filesAmong(
  paths: readonly string[],
  source: SourceSpec,
  allowed: AllowedFolders,
): Promise<SourceFile[]> {
  const files = new Map<string, SourceFile>()
  for (const found of [...paths].sort(byCodeUnits)) {
    const real = await realpath(found).catch(missing)
    if (real === undefined) {
      if (found.includes(REPLACEMENT)) throw unreadable(found, 'its name is not UTF-8: rename it')
      continue
    }
    if (!allowed.containsReal(real)) throw allowed.forbiddenLink(found)
    const file = await describe(real, source, found)
    if (file && !files.has(real)) files.set(real, file)
  }
  return [...files.values()]
}

/** Undefined for what is not a regular file. */
async function describe(
  real: string,
  source: SourceSpec,
  name: string,
): Promise<SourceFile | undefined> {
  const stats = await lstat(real)
  if (!stats.isFile()) return undefined
  return {
    path: real,
    name,
    format: source.format === 'auto' ? (guessFormat(name) ?? 'text') : source.format,
    textField: source.textField,
    bytes: stats.size,
    modified: stats.mtimeMs,
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw new MixwrightError('source-unreadable', error.message)
}

/** The same in every locale. */
const byCodeUnits = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
