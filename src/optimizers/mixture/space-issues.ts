import { duplicateNameIssues, type Issue, pointerToken } from '../issue.js'
import type { Domain, Group, SpaceSpec } from '../problem.js'

/** Everything that is wrong with a space as it is written down, before asking whether any mixture meets it. */
export function spaceIssues(spec: SpaceSpec): Issue[] {
  const known = new Set(spec.domains.map((domain) => domain.name))
  return [
    ...(spec.domains.length === 0
      ? [{ pointer: '/domains', detail: 'A space needs at least one domain.' }]
      : []),
    ...duplicateNameIssues(spec.domains, '/domains'),
    ...spec.domains.flatMap(domainIssues),
    ...duplicateNameIssues(spec.groups ?? [], '/groups'),
    ...(spec.groups ?? []).flatMap((group, k) => groupIssues(group, k, known)),
    ...(spec.prior ? priorIssues(spec.prior, known) : []),
    ...positiveIssue(spec.targetTokens, '/targetTokens', 'targetTokens'),
  ]
}

function domainIssues(domain: Domain, i: number): Issue[] {
  const root = `/domains/${i}`
  const issues = [
    ...positiveIssue(domain.tokens, `${root}/tokens`, 'tokens'),
    ...positiveIssue(domain.maxEpochs, `${root}/maxEpochs`, 'maxEpochs'),
    ...weightIssue(domain.fixedWeight, `${root}/fixedWeight`, 'fixedWeight'),
    ...boundsIssues(domain, root),
  ]
  for (const bound of ['minWeight', 'maxWeight'] as const) {
    if (domain.fixedWeight !== undefined && domain[bound] !== undefined) {
      const detail = `fixedWeight already sets the weight of "${domain.name}": leave out ${bound}, or fixedWeight.`
      issues.push({ pointer: `${root}/${bound}`, detail })
    }
  }
  return issues
}

function groupIssues(group: Group, k: number, known: ReadonlySet<string>): Issue[] {
  const root = `/groups/${k}`
  const issues = boundsIssues(group, root)
  if (group.domains.length === 0) {
    issues.push({ pointer: `${root}/domains`, detail: 'A group needs at least one domain.' })
  }
  group.domains.forEach((name, i) => {
    const pointer = `${root}/domains/${i}`
    if (!known.has(name)) {
      issues.push({ pointer, detail: `There is no domain "${name}" in /domains.` })
    } else if (group.domains.indexOf(name) < i) {
      issues.push({ pointer, detail: `The domain "${name}" is in this group already.` })
    }
  })
  return issues
}

function boundsIssues(bounds: { minWeight?: number; maxWeight?: number }, root: string): Issue[] {
  const { minWeight, maxWeight } = bounds
  const issues = [
    ...weightIssue(minWeight, `${root}/minWeight`, 'minWeight'),
    ...weightIssue(maxWeight, `${root}/maxWeight`, 'maxWeight'),
  ]
  if (minWeight !== undefined && maxWeight !== undefined && minWeight > maxWeight) {
    const detail = `minWeight ${minWeight} is above maxWeight ${maxWeight}.`
    issues.push({ pointer: `${root}/minWeight`, detail })
  }
  return issues
}

function priorIssues(prior: Readonly<Record<string, number>>, known: ReadonlySet<string>): Issue[] {
  const issues: Issue[] = []
  for (const [name, size] of Object.entries(prior)) {
    const pointer = `/prior/${pointerToken(name)}`
    if (!known.has(name)) {
      issues.push({ pointer, detail: `There is no domain "${name}" in /domains.` })
    } else if (!(Number.isFinite(size) && size >= 0)) {
      issues.push({ pointer, detail: `A relative size is a finite number ≥ 0, not ${size}.` })
    }
  }
  const missing = [...known].filter((name) => !Object.hasOwn(prior, name))
  if (missing.length > 0) {
    const list = missing.map((name) => `"${name}"`).join(', ')
    const detail = `The prior lacks ${list}; give every domain a size (0 is allowed).`
    issues.push({ pointer: '/prior', detail })
  } else if (Object.values(prior).every((size) => size === 0)) {
    issues.push({
      pointer: '/prior',
      detail: 'The sizes sum to 0; at least one has to be positive.',
    })
  }
  return issues
}

function positiveIssue(value: number | undefined, pointer: string, what: string): Issue[] {
  if (value === undefined || (Number.isFinite(value) && value > 0)) return []
  return [{ pointer, detail: `${what} has to be a finite number above 0, not ${value}.` }]
}

function weightIssue(value: number | undefined, pointer: string, what: string): Issue[] {
  if (value === undefined || (value >= 0 && value <= 1)) return []
  return [{ pointer, detail: `${what} has to be a number from 0 to 1, not ${value}.` }]
}
