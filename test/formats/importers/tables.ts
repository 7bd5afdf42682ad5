import {
  type ParseTableResult,
  type ParseTableTask,
  parseTable,
} from '../../../src/formats/importers/index.js'
import type { CompleteProblem } from '../../../src/optimizers/problem.js'

/** A problem with the given names and nothing else to it. */
export function problemOf(
  domains: readonly string[],
  metrics: readonly string[],
  fidelities: readonly string[] = ['table'],
): CompleteProblem {
  return {
    domains: domains.map((name) => ({ name })),
    metrics: metrics.map((name) => ({ name, direction: 'minimize' as const })),
    objective: { type: 'mean', scale: 'none' },
    fidelities: fidelities.map((name, order) => ({ name, evaluator: 'table', cost: 1, order })),
  }
}

export const bytes = (text: string) => new TextEncoder().encode(text)

export const WEB_CODE = problemOf(['web', 'code'], ['loss', 'acc'])

export const GOOD_MIXTURES = 'run,web,code\na,0.7,0.3\nb,0.2,0.8\nc,1,0\n'
export const GOOD_METRICS = 'run,loss,acc\na,2.5,0.4\nb,2.25,0.5\nc,3,0.1\n'

export function parseCsv(
  mixtures: string,
  metrics: string,
  { problem = WEB_CODE, ...rest }: Partial<ParseTableTask> = {},
): ParseTableResult {
  const upload = { format: 'csv' as const, mixtures: bytes(mixtures), metrics: bytes(metrics) }
  const options = { role: 'train' as const, holdout: '', dryRun: false }
  return parseTable({ problem, upload, options, maxRows: 1000, ...rest })
}

export function parseJson(
  body: unknown,
  { problem = WEB_CODE, ...rest }: Partial<ParseTableTask> = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return parseTable({
    problem,
    upload: { format: 'json', body: bytes(text) },
    maxRows: 1000,
    ...rest,
  })
}
