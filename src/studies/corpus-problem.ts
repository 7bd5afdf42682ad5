import type { CorpusManifest } from '../corpora/types.js'
import { type FieldError, MixwrightError } from '../errors.js'
import { lossMetric } from '../optimizers/complete-problem.js'
import type { CompleteProblem, Problem, ProblemRequest } from '../optimizers/problem.js'
import type { ProxySpec } from '../optimizers/proxy.js'
import type { Store } from '../store/store.js'
import {
  completeProxySpec,
  type ModelConfig,
  modelConfig,
  parameterCount,
} from '../training/index.js'
import { requireCorpus } from './corpora.js'

/** Sequences of a domain's validation text, at least: a standard error takes two. */
const VALIDATION_SEQUENCES = 2

/** Six arrays of as many numbers are held for each trial at work, and three of them written to each checkpoint (1.2 GB). */
const MOST_PARAMETERS = 100_000_000

/** A problem as it was asked for, with what its corpus says filled in. */
export interface ResolvedRequest {
  problem: Problem
  /** What the corpus's ingestion made; undefined without a corpus. */
  manifest: CorpusManifest | undefined
}

/**
 * Fills in what the corpus knows — domains, token counts, metrics, the ingestion whose shards are read — and every default
 * of the proxies.
 * @throws MixwrightError `corpus-not-found`, `corpus-not-ready`, `validation-failed`, `domain-too-small` with pointers below `base`
 */
export async function resolveProblem(
  store: Store,
  request: ProblemRequest,
  base: string,
): Promise<ResolvedRequest> {
  const fidelities = request.fidelities?.map((fidelity, i) => ({
    ...fidelity,
    ...(fidelity.proxy && {
      proxy: atPointer(`${base}/fidelities/${i}/proxy`, () => completeProxySpec(fidelity.proxy!)),
    }),
  }))
  const given = { ...request, ...(fidelities && { fidelities }) }
  if (given.corpus === undefined)
    return { problem: withoutCorpus(given, base), manifest: undefined }
  return ofCorpus(store, { ...given, corpus: given.corpus }, base)
}

function withoutCorpus({ corpus: _, ...request }: ProblemRequest, base: string): Problem {
  const { domains, metrics } = request
  if (domains && metrics) return { ...request, domains, metrics }
  const errors = Object.entries({ domains, metrics })
    .filter(([, value]) => value === undefined)
    .map(([name]) => ({ pointer: `${base}/${name}`, detail: 'It is required without a `corpus`.' }))
  throw new MixwrightError(
    'validation-failed',
    'The problem lacks what no corpus gives it.',
    errors,
  )
}

async function ofCorpus(
  store: Store,
  request: ProblemRequest & { corpus: string },
  base: string,
): Promise<ResolvedRequest> {
  const corpus = await requireCorpus(store, request.corpus)
  const ingestion = corpus.ingestionId
    ? await store.corpora.ingestion(corpus.ingestionId)
    : undefined
  const manifest = ingestion?.manifest
  if (!ingestion || !manifest) {
    const detail = `The corpus "${corpus.name}" (${corpus.id}) has no finished ingestion.`
    throw new MixwrightError('corpus-not-ready', detail)
  }
  const tokens = new Map(manifest.domains.map(({ name, train }) => [name, train.tokens]))
  const domains = request.domains ?? [...tokens.keys()].map((name) => ({ name }))
  refuseUnknownDomains(domains, [...tokens.keys()], `${base}/domains`)
  refuseDomainsWithoutText(domains, manifest, `${base}/domains`)
  const problem: Problem = {
    ...request,
    corpus: { id: corpus.id, ingestion: ingestion.id, hash: manifest.hash },
    domains: domains.map((domain) => ({ tokens: tokens.get(domain.name), ...domain })),
    metrics:
      request.metrics ??
      domains.map(({ name }) => ({
        name: lossMetric(name),
        direction: 'minimize' as const,
        unit: 'nats/token',
      })),
  }
  return { problem, manifest }
}

function refuseUnknownDomains(
  domains: readonly { name: string }[],
  known: readonly string[],
  base: string,
): void {
  const errors: FieldError[] = domains.flatMap(({ name }, i) =>
    known.includes(name)
      ? []
      : [
          {
            pointer: `${base}/${i}/name`,
            detail: `The corpus has no domain "${name}"; its domains are ${known.join(', ')}.`,
          },
        ],
  )
  if (errors.length === 0) return
  throw new MixwrightError('validation-failed', 'The corpus lacks domains.', errors)
}

/** A domain without tokens has no share of them, at whatever fidelity. */
function refuseDomainsWithoutText(
  domains: readonly { name: string; tokens?: number }[],
  manifest: CorpusManifest,
  base: string,
): void {
  const errors = domains.flatMap(({ name, tokens }, i): FieldError[] => {
    const found = manifest.domains.find((domain) => domain.name === name)
    if (!found || found.train.tokens > 0 || tokens !== undefined) return []
    const { duplicates, skipped, empty, validation } = found
    const detail =
      `"${name}" has no training tokens: of its documents ${duplicates} are duplicates, ${skipped} invalid, ${empty} empty ` +
      `and ${validation.documents} kept for validation. Leave it out of \`domains\`, or add text and ingest again.`
    return [{ pointer: `${base}/${i}`, detail }]
  })
  if (errors.length > 0) throw new MixwrightError('domain-too-small', errors[0].detail, errors)
}

/**
 * Every domain has to fill a training sequence, unless its weight is 0 throughout, and two validation sequences, at every
 * fidelity with proxies.
 * @throws MixwrightError `domain-too-small`, or `validation-failed` for a model that cannot be built
 */
export function refuseSmallDomains(
  { domains, fidelities }: CompleteProblem,
  manifest: CorpusManifest,
  base: string,
): void {
  const { vocabularySize } = manifest.tokenizer
  const counts = new Map(manifest.domains.map((domain) => [domain.name, domain]))
  const errors: FieldError[] = []
  fidelities.forEach(({ name: fidelity, proxy }, f) => {
    if (!proxy) return
    const { context } = atPointer(`${base}/fidelities/${f}/proxy`, () =>
      affordableModel(proxy, vocabularySize),
    )
    domains.forEach(({ name, fixedWeight, maxWeight }, i) => {
      const found = counts.get(name)
      const isTrained = (fixedWeight ?? maxWeight ?? 1) > 0
      const needed = {
        training: isTrained ? context + 1 : 0,
        validation: VALIDATION_SEQUENCES * context + 1,
      }
      const has = {
        training: found?.train.tokens ?? 0,
        validation: found?.validation.tokens ?? 0,
      }
      for (const split of ['training', 'validation'] as const) {
        if (has[split] >= needed[split]) continue
        errors.push({
          pointer: `${base}/domains/${i}`,
          detail: `"${name}" has ${has[split]} ${split} tokens; fidelity "${fidelity}" takes at least ${needed[split]}.`,
        })
      }
    })
  })
  if (errors.length > 0) throw new MixwrightError('domain-too-small', errors[0].detail, errors)
}

function affordableModel(proxy: ProxySpec, vocabularySize: number): ModelConfig {
  const model = modelConfig(proxy.model, vocabularySize)
  const parameters = parameterCount(model)
  if (parameters <= MOST_PARAMETERS) return model
  const [has, most] = [parameters, MOST_PARAMETERS].map((count) => count.toLocaleString('en'))
  const detail = `The model has ${has} parameters with this corpus's tokenizer; proxies have at most ${most}.`
  throw new MixwrightError('validation-failed', detail, [{ pointer: '/model', detail }])
}

/** Refusals of the training room name fields of the proxy. */
function atPointer<T>(base: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof MixwrightError)) throw error
    throw new MixwrightError(
      error.code,
      error.message,
      error.errors.map(({ pointer, detail }) => ({ pointer: base + pointer, detail })),
    )
  }
}
