import type { MadeKey } from '../../client/index.js'
import { minuteText } from '../../terminal/lists.js'

/** The key alone goes to standard output, so that it can be taken from there; what is to be said about it does not. */
export function showMadeKey(made: MadeKey, what: string, json?: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(made, null, 2)}\n`)
    return
  }
  const { id, name, scopes, expiresAt, key } = made
  const end = expiresAt === null ? 'does not expire' : `expires ${minuteText(expiresAt)} (UTC)`
  process.stderr.write(
    `${what} "${name}" (${scopes.join(', ')}; ${end}), id ${id}.\n` +
      'It is shown this once. Give it in MIXWRIGHT_API_KEY, or as the header `Authorization: Bearer <key>`.\n',
  )
  process.stdout.write(`${key}\n`)
}
