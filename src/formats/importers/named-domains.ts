import type { Reading } from './found-run.js'
import { DEFAULT_MIXTURE_PREFIX } from './reading-options.js'

/**
 * The domain whose weight a parameter or column holds: by the map `domainNames`, else what follows the prefix. What begins
 * with the prefix is meant as a domain, whether there is one of that name or not.
 */
export function domainOf(
  name: string,
  { options, domains }: Pick<Reading, 'options' | 'domains'>,
): string | undefined {
  const { domainNames = {}, mixturePrefix = DEFAULT_MIXTURE_PREFIX } = options
  if (Object.hasOwn(domainNames, name)) return domainNames[name]
  // Without a prefix every name would be meant as a domain.
  if (mixturePrefix === '') return domains.has(name) ? name : undefined
  return name.startsWith(mixturePrefix) ? name.slice(mixturePrefix.length) : undefined
}
