import { createRequire } from 'node:module'

const packageJson = createRequire(import.meta.url)('../package.json') as { version: string }

/** Version of Mixwright, as recommendations, the API and the command line name it. */
export const VERSION = packageJson.version
