import { isKeyText } from '../../studies/key-text.js'
import { UsageError } from '../failures.js'

/**
 * The key for the service, from MIXWRIGHT_API_KEY: arguments can be seen by everybody on the machine. Undefined without one.
 * @throws UsageError when it is none
 */
export function apiKey(): string | undefined {
  const given = process.env.MIXWRIGHT_API_KEY?.trim()
  if (!given) return undefined
  if (isKeyText(given)) return given
  throw new UsageError(
    'MIXWRIGHT_API_KEY holds no key',
    'Set it to a key of the service, mix_…, whole; `mixwright keys create` makes one.',
  )
}
