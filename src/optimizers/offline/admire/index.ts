import type { Issue } from '../../issue.js'
import type { CompiledProblem, Optimizer } from '../../types.js'
import { type AdmireParams, AdmireParamsSchema } from './params.js'
import { pick } from './pick.js'
import { recommend } from './recommend.js'
import { suggest } from './suggest.js'

/** Bayesian optimisation over mixtures and fidelities (ADMIRE, arXiv 2508.11551), with what a re-run of it found to work. */
export const admire: Optimizer<AdmireParams> = {
  name: 'admire',
  title: 'ADMIRE',
  summary:
    'Bayesian optimisation: a Gaussian process over mixtures and fidelities decides which run teaches most for its cost.',
  citation: {
    authors: 'Chen et al.',
    title:
      'ADMIRE-BayesOpt: Accelerated Data MIxture RE-weighting for Language Models with Bayesian Optimization',
    year: 2025,
    url: 'https://arxiv.org/abs/2508.11551',
  },
  capabilities: { fidelities: true, pending: true, multiObjective: true, adaptive: true },
  paramsSchema: AdmireParamsSchema,
  surrogates: ['gaussian-process'],
  needsRuns: false,
  validate,
  suggest,
  pick,
  recommend,
}

/** Cheaper fidelities can pay only when they are cheaper. */
function validate(
  { problem }: CompiledProblem,
  params: AdmireParams,
  use?: { fidelities: readonly string[]; target: string },
): Issue[] {
  const ranked = problem.fidelities.toSorted((a, b) => b.order - a.order)
  const target = ranked.find(({ name }) => name === use?.target) ?? ranked[0]
  const lower = ranked.filter(
    (one) => one !== target && (use?.fidelities.includes(one.name) ?? true),
  )
  const { form, costs } = params
  const issues = informationIssues(params, lower.length)
  if (form !== 'mfbo') return issues
  if (lower.length === 0) {
    const detail = `The form \`mfbo\` learns from several fidelities, and there is one, "${target.name}".`
    return [...issues, { pointer: '/params/form', detail }]
  }
  if (costs === 'measured') return issues
  const dear = lower
    .filter(({ cost }) => cost >= target.cost)
    .map(({ name, cost }) => ({
      pointer: `/problem/fidelities/${problem.fidelities.findIndex((one) => one.name === name)}/cost`,
      detail: `A run at "${name}" costs ${cost}, no less than one at the target "${target.name}" (${target.cost}). Give both a \`cost\`, or set \`costs\` to \`measured\`.`,
    }))
  return [...issues, ...dear]
}

/** Only the entropy of the best score counts in information. */
function informationIssues(
  { leastInformation, acquisition, form, replicate }: AdmireParams,
  lower: number,
): Issue[] {
  if (leastInformation === null || replicate || acquisition === 'max-value-entropy') return []
  const isChosenByEntropy = acquisition === 'auto' && form !== 'bo' && lower > 0
  if (isChosenByEntropy) return []
  const detail =
    'Runs are chosen by an improvement here, which is no information: set `acquisition` to `max-value-entropy`, or leave this out.'
  return [{ pointer: '/params/leastInformation', detail }]
}
