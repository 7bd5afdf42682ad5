// Adds to package-lock.json the optional packages of other platforms that `npm install` left out because the registry it asked
// does not carry them. Without them `npm ci` refuses the file, here and everywhere. Run it after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/

/** What a platform package says of itself, as its name tells it: `…-linux-arm64-musl`. */
function platformOf(name) {
  const [, os, cpu, libc] =
    name.match(/(android|darwin|freebsd|linux|openbsd|win32)-(arm64|arm|x64|ia32)(?:-(musl))?/) ??
    []
  return os && { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) }
}

const added = []
for (const [parent, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const platform = platformOf(name)
    const nested = `${parent}/node_modules/${name}`
    const hoisted = `node_modules/${name}`
    if (!platform || !EXACT.test(version) || lock.packages[nested] || lock.packages[hoisted])
      continue
    lock.packages[hoisted] = {
      version,
      ...(entry.dev && { dev: true }),
      optional: true,
      ...platform,
    }
    added.push(`${name}@${version}`)
  }
}

if (added.length > 0) {
  const packages = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
  lock.packages = Object.fromEntries(packages)
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
}
console.log(added.length > 0 ? `added ${added.join(', ')}` : 'package-lock.json is complete')
