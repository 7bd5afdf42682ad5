import { UsageError } from '../failures.js'
import { cutBetweenFiles } from './holdouts.js'

/** The runs of one fidelity, as an option names them. */
export interface FidelityFiles {
  fidelity: string
  mixtures: string
  metrics: string
}

/** What the text names before its files; all of it where it names nothing. */
export function fidelityName(text: string): string {
  return text.split('=', 1)[0]
}

/**
 * Reads `fidelity=mixtures.csv:metrics.csv`.
 * @throws UsageError
 */
export function fidelityFiles(text: string, option: string): FidelityFiles {
  const form = `${option} fidelity=mixtures.csv:metrics.csv`
  const split = text.indexOf('=')
  if (split < 1) {
    throw new UsageError(`${option}: "${text}" does not name a fidelity`, `Write ${form}.`)
  }
  const [mixtures, metrics] = cutBetweenFiles(text.slice(split + 1), option, form)
  return { fidelity: text.slice(0, split), mixtures, metrics }
}
