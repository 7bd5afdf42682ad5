/**
 * Compiles every AssemblyScript kernel `src/…/assembly/NAME.ts` to `src/…/NAME.generated.ts`, a module that
 * exports the WebAssembly bytes as base64. A module whose source, compiler and flags are unchanged is kept.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const FLAGS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd']

function compilerVersion() {
  const manifest = path.join(root, 'node_modules/assemblyscript/package.json')
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}

function findKernels() {
  return readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => path.basename(entry.parentPath) === 'assembly')
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
}

function fingerprint(source) {
  const parts = [readFileSync(source, 'utf8'), compilerVersion(), ...FLAGS]
  return createHash('sha256').update(parts.join('\0')).digest('hex')
}

function isFresh(output, header) {
  return existsSync(output) && readFileSync(output, 'utf8').startsWith(header)
}

async function compile(source) {
  const { main } = await import('assemblyscript/asc')
  let bytes
  const { error, stderr } = await main(
    [path.relative(root, source), ...FLAGS, '--baseDir', root, '--outFile', 'kernel.wasm'],
    {
      writeFile: (_name, contents) => {
        bytes = contents
      },
    },
  )
  if (error || !bytes) throw new Error(`${source} does not compile\n${stderr.toString()}`)
  return Buffer.from(bytes)
}

/** Written beside and renamed, so that a build running at the same time never reads half a file. */
function writeModule(output, header, bytes) {
  const draft = `${output}.${process.pid}`
  writeFileSync(draft, `${header}export const KERNEL_BASE64 =\n  '${bytes.toString('base64')}'\n`)
  renameSync(draft, output)
}

for (const source of findKernels()) {
  const name = path.basename(source, '.ts')
  const output = path.join(path.dirname(path.dirname(source)), `${name}.generated.ts`)
  const header = `// Written by scripts/build-kernels.mjs from ${fingerprint(source)}.\n`
  if (isFresh(output, header)) continue
  const bytes = await compile(source)
  writeModule(output, header, bytes)
  console.log(`${path.relative(root, output)}: ${bytes.length} bytes of WebAssembly`)
}
