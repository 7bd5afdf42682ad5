import type { Command } from 'commander'
import { UsageError } from '../failures.js'
import { nonEmpty } from '../options.js'

const DEFAULT_URL = 'http://127.0.0.1:8080'

export interface ServiceOptions {
  url?: string
}

/** Adds the option that says which service a command speaks to. */
export function withServiceUrl(command: Command): Command {
  return command.option(
    '--url <url>',
    `address of the service (default: MIXWRIGHT_URL, or ${DEFAULT_URL})`,
    nonEmpty,
  )
}

/** @throws UsageError when it is not an address of the web */
export function serviceUrl({ url }: ServiceOptions): URL {
  const given = url ?? (process.env.MIXWRIGHT_URL || DEFAULT_URL)
  const name = url === undefined ? 'MIXWRIGHT_URL' : '--url'
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new UsageError(
      `${name}: "${given}" is no address of a service`,
      `Give one like ${DEFAULT_URL}.`,
    )
  }
  return new URL(given)
}
