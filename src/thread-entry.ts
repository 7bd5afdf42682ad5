import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * Address of the built module that a worker thread runs. Threads load plain JavaScript: a module that itself runs from
 * `src/*.ts` (as under the test runner) gets the file under `dist/` instead of its neighbour.
 *
 * @param metaUrl `import.meta.url` of the caller
 * @param relativeJs path of the thread's module relative to the caller, with its built suffix `.js`
 */
export function threadEntry(metaUrl: string, relativeJs: string): URL {
  const beside = new URL(relativeJs, metaUrl)
  if (!metaUrl.endsWith('.ts')) return beside
  const sourceRoot = fileURLToPath(new URL('.', import.meta.url))
  const buildRoot = fileURLToPath(new URL('../dist/', import.meta.url))
  return pathToFileURL(fileURLToPath(beside).replace(sourceRoot, buildRoot))
}
