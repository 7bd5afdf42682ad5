import { lstat, realpath } from 'node:fs/promises'
import { MixwrightError } from '../../errors.js'
import { guessFormat, type SourceFile, unreadable } from '../formats/index.js'
import type { SourceSpec } from '../types.js'
import { AllowedFolders } from './allowed-folders.js'

/** A part "..", also as one of several alternatives. */
const GOES_UP = /(^|[/{,(|])\.\.($|[/},)|])/

/**
 * The files of a source, sorted by path, each once. Folders are read with all that is below them: files whose names tell a
 * known format, or the source's own one (`text` takes all). Names that begin with a dot, and links met on the way, are
 * left out. Touches no file's content, so that it can refuse a source while it is being added.
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
  const { isDynamicPattern } = await import('tinyglobby')
  const real = await realpath(candidate).catch(missing)
  if (real === undefined) {
    return isDynamicPattern(candidate) ? filesOfGlob(candidate, source, allowed) : []
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
  const { isDynamicPattern } = await import('tinyglobby')
  const parts = pattern.split('/')
  const fixed = parts.findIndex((part) => isDynamicPattern(part))
  const base = parts.slice(0, fixed).join('/') || '/'
  const real = await realpath(base).catch(missing)
  if (real === undefined) return []
  if (!allowed.containsReal(real)) throw allowed.forbiddenLink(source.path)
  return filesAmong(await globbed(parts.slice(fixed).join('/'), base), source, allowed)
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
    if (real === undefined) continue
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
