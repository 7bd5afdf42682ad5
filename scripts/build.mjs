// Builds dist/ from src/: WebAssembly kernels, then TypeScript, then files that are neither. A fingerprint of everything
// the build reads is kept in dist/, so that setup.mjs can tell in a moment whether there is something to do.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (...parts) => path.join(root, ...parts)
const stampFile = at('dist', '.build-stamp')
const buildInfo = at('dist', '.tsbuildinfo')
const entryPoint = at('dist', 'cli', 'main.js')
const kernelsScript = at('scripts', 'build-kernels.mjs')

const isGenerated = (file) => file.endsWith('.generated.ts')

/** Files below a folder, as paths relative to it, in a fixed order. */
function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
}

const sources = () => filesBelow(at('src')).map((file) => path.join('src', file))

/** Hash of everything the build reads. Generated sources are its own results and are left out. */
function fingerprint() {
  const hash = createHash('sha256')
  const inputs = ['package.json', 'package-lock.json', 'tsconfig.json']
  inputs.push(...filesBelow(at('scripts')).map((file) => path.join('scripts', file)), ...sources())
  for (const file of inputs.filter((name) => !isGenerated(name))) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(at(file)))
      .update('\0')
  }
  return hash.digest('hex')
}

export function buildIsFresh() {
  if (!existsSync(stampFile) || !existsSync(entryPoint)) return false
  const stamp = JSON.parse(readFileSync(stampFile, 'utf8'))
  return (
    stamp.generated.every((file) => existsSync(at(file))) && stamp.fingerprint === fingerprint()
  )
}

function runNode(title, args) {
  console.error(title)
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`${path.relative(root, args[0])} failed`)
}

/** Kernels in AssemblyScript look like TypeScript, but build-kernels.mjs compiles them. */
const isKernel = (file) => file.split(path.sep).includes('assembly')
const isModule = (file) => /(?<!\.d)\.ts$/.test(file)
const isAsset = (file) => !/\.(ts|md)$/.test(file)

function compileTypeScript(modules) {
  // The compiler trusts its record of what it wrote before: without all of that, it has to start anew.
  const isComplete = modules.every((module) => existsSync(at('dist', `${module}.js`)))
  if (!isComplete) rmSync(buildInfo, { force: true })
  const compiler = at('node_modules', 'typescript', 'bin', 'tsc')
  runNode('Compiling TypeScript', [compiler, '-p', at('tsconfig.json')])
}

function copyAssets(assets) {
  for (const asset of assets) {
    mkdirSync(path.dirname(at('dist', asset)), { recursive: true })
    copyFileSync(at('src', asset), at('dist', asset))
  }
}

/** What has lost its source would be packed and published. */
function removeOrphans(modules, assets) {
  const suffixes = ['.js', '.js.map', '.d.ts']
  const wanted = new Set([
    ...modules.flatMap((module) => suffixes.map((suffix) => module + suffix)),
    ...assets,
  ])
  for (const file of filesBelow(at('dist'))) {
    if (!wanted.has(file) && !file.startsWith('.')) rmSync(at('dist', file))
  }
}

/** @throws Error when a step fails; the step's own output has been printed by then */
export function build() {
  rmSync(stampFile, { force: true })
  // Taken first: a source that is edited during the build leaves it stale.
  const built = fingerprint()
  if (existsSync(kernelsScript)) runNode('Compiling kernels', [kernelsScript])
  const files = filesBelow(at('src')).filter((file) => !isKernel(file))
  const modules = files.filter(isModule).map((file) => file.replace(/\.ts$/, ''))
  const assets = files.filter(isAsset)
  compileTypeScript(modules)
  copyAssets(assets)
  removeOrphans(modules, assets)
  chmodSync(entryPoint, 0o755)
  writeFileSync(
    stampFile,
    JSON.stringify({ fingerprint: built, generated: sources().filter(isGenerated) }),
  )
}

// The checkout may lie behind a symbolic link, which Node leaves in the argument but not in the address.
if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  try {
    build()
  } catch (error) {
    console.error(`error: the build failed: ${error.message}`)
    process.exitCode = 1
  }
}
