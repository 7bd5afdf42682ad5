import { readFile, writeFile } from 'node:fs/promises'
import type { Services } from '../studies/index.js'
import { VERSION } from '../version.js'
import { buildApp } from './app.js'

const OPENAPI_FILE = new URL('../../openapi/openapi.json', import.meta.url)

/** Describing the routes calls no service. */
const noServices = new Proxy({} as Services, {
  get(_target, name) {
    throw new Error(`the service "${String(name)}" was used while the API was only to be described`)
  },
})

/** The OpenAPI document as text, keys in a fixed order, so that equal APIs give equal files. */
export async function renderOpenapi(): Promise<string> {
  const app = await buildApp({ services: noServices, version: VERSION })
  await app.ready()
  const document = app.swagger()
  await app.close()
  return `${JSON.stringify(document, null, 2)}\n`
}

async function main(args: readonly string[]): Promise<number> {
  const rendered = await renderOpenapi()
  if (!args.includes('--check')) {
    await writeFile(OPENAPI_FILE, rendered)
    return 0
  }
  const committed = await readFile(OPENAPI_FILE, 'utf8').catch(() => '')
  if (committed === rendered) return 0
  console.error('openapi/openapi.json does not describe the API as it is; run `npm run openapi`')
  return 1
}

if (process.argv[1] && import.meta.filename === process.argv[1]) {
  process.exitCode = await main(process.argv.slice(2))
}
