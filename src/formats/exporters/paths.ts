import type { FieldError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'
import type { ExportOptions } from './options.js'
import { refuse, unknownNames } from './refusals.js'
import type { ExportPlan, ExportWarning } from './types.js'

export interface PathRules {
  /** Whether a domain may have several paths. */
  lists?: boolean
  /** Why the target cannot take the path; undefined where it can. */
  objection?: (path: string) => string | undefined
}

export interface DomainPaths {
  /** Of every domain that gets something in any phase. At least one each. */
  readonly lists: ReadonlyMap<string, readonly string[]>
  /** The path of a domain that has one. */
  readonly of: (name: string) => string
  readonly warnings: readonly ExportWarning[]
}

const CONTROL = /[\p{Cc}\u2028\u2029]/u

/**
 * Where the data of the domains are: as the option `paths` says, else the names of the domains.
 * @throws MixwrightError `validation-failed` with every path that the target cannot take
 */
export function readPaths(
  plan: ExportPlan,
  { paths = {} }: Pick<ExportOptions, 'paths'>,
  rules: PathRules = {},
): DomainPaths {
  const given = new Map(Object.entries(paths))
  const used = [...plan.domains.keys()].filter((name) =>
    plan.phases.some(({ shares }) => shares.some((share) => share.name === name)),
  )
  const lists = new Map(used.map((name) => [name, [given.get(name) ?? name].flat()]))
  refuse([
    ...unknownNames([...given.keys()], plan.domains, '/options/paths'),
    ...used.flatMap((name) => pathErrors(name, lists.get(name) ?? [], given.has(name), rules)),
  ])
  return { lists, of: (name) => lists.get(name)?.[0] ?? name, warnings: sharedPaths(lists) }
}

function pathErrors(
  name: string,
  paths: readonly string[],
  isGiven: boolean,
  { lists = false, objection = () => undefined }: PathRules,
): FieldError[] {
  const pointer = `/options/paths/${pointerToken(name)}`
  if (paths.length > 1 && !lists) {
    const detail = `This target takes one path a domain; got ${paths.length}.`
    return [{ pointer, detail }]
  }
  return paths.flatMap((path) => {
    const reason = CONTROL.test(path) ? 'it has a line break or control character' : objection(path)
    if (reason === undefined) return []
    const detail = isGiven
      ? `The path ${JSON.stringify(path)} cannot be used: ${reason}.`
      : `The name of the domain cannot stand for its path: ${reason}. Give its path here.`
    return [{ pointer, detail }]
  })
}

function sharedPaths(lists: ReadonlyMap<string, readonly string[]>): ExportWarning[] {
  const ownerOf = new Map<string, string>()
  return [...lists].flatMap(([name, paths]) =>
    paths.flatMap((path) => {
      const owner = ownerOf.get(path)
      ownerOf.set(path, owner ?? name)
      if (owner === undefined || owner === name) return []
      const message = `"${owner}" and "${name}" have the same path, ${JSON.stringify(path)}.`
      return [{ code: 'shared-path' as const, message }]
    }),
  )
}
