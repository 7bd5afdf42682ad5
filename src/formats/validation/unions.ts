import type { ErrorObject } from 'ajv'
import { memberOf } from '../../json-object.js'
import { pointerToken } from '../../optimizers/issue.js'
import { quote } from './wording.js'

interface Branch {
  const?: unknown
  type?: string
  properties?: Record<string, { const?: unknown }>
}

/**
 * A value that fits no branch of an `anyOf` gives the errors of all branches and one of the union. This leaves one
 * error a union: the list of allowed values where the branches are constants; else what is wrong in the branch that
 * was meant, which is the one whose type and constants (a `rule`, a `kind`) the value has.
 */
export function collapseUnions(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors.filter(isOutermostUnion)
  if (unions.length === 0) return [...errors]
  const sites = new Map(unions.map((union) => [siteOf(union), union]))
  const branches = new Map<ErrorObject, ErrorObject[]>(unions.map((union) => [union, []]))
  const others = errors.filter((error) => {
    const union = enclosing(sites, error)
    if (union && union !== error) branches.get(union)?.push(error)
    return !union
  })
  return [...others, ...unions.flatMap((union) => collapse(union, branches.get(union) ?? []))]
}

function isOutermostUnion({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword === 'anyOf' && schemaPath.indexOf('/anyOf') === schemaPath.length - '/anyOf'.length
}

function siteOf({ schemaPath, instancePath }: ErrorObject): string {
  return `${schemaPath} ${instancePath}`
}

/** The union that an error comes from: its schema path begins with the union's, its instance path too. */
function enclosing(
  sites: ReadonlyMap<string, ErrorObject>,
  { schemaPath, instancePath }: ErrorObject,
): ErrorObject | undefined {
  const end = schemaPath.indexOf('/anyOf')
  if (end < 0) return undefined
  const unionPath = schemaPath.slice(0, end + '/anyOf'.length)
  for (let at = instancePath; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const union = sites.get(`${unionPath} ${at}`)
    if (union || at === '') return union
  }
}

function collapse(union: ErrorObject, members: readonly ErrorObject[]): ErrorObject[] {
  const branches: Branch[] = union.parentSchema?.anyOf ?? []
  if (branches.every((branch) => 'const' in branch)) {
    const allowedValues = branches.map((branch) => branch.const)
    return [{ ...union, keyword: 'enum', params: { allowedValues } }]
  }
  const fitting = branches.filter(({ type }) => type !== undefined && hasType(union.data, type))
  if (fitting.length === 0) return [union]
  const named = fitting.find((branch) => hasConstants(union.data, branch))
  const wrongName = named ? undefined : wrongConstant(union, fitting)
  if (wrongName) return [wrongName]
  const prefix = `${union.schemaPath}/${branches.indexOf(named ?? fitting[0])}/`
  const inside = members.filter(({ schemaPath }) => schemaPath.startsWith(prefix))
  return inside.length === 0 ? [union] : collapseInside(inside, prefix)
}

function hasConstants(value: unknown, branch: Branch): boolean {
  return Object.entries(branch.properties ?? {}).every(
    ([name, property]) => !('const' in property) || memberOf(value, name) === property.const,
  )
}

/** The property by which the branches are told apart, when the value has it, and has it wrong. */
function wrongConstant(union: ErrorObject, branches: readonly Branch[]): ErrorObject | undefined {
  const { data, instancePath } = union
  const name = Object.keys(branches[0].properties ?? {}).find((candidate) =>
    branches.every(({ properties }) => 'const' in (properties?.[candidate] ?? {})),
  )
  if (name === undefined || branches.length < 2) return undefined
  const given = memberOf(data, name)
  const allowedValues = branches.map(({ properties }) => properties?.[name].const)
  if (given === undefined || allowedValues.includes(given)) return undefined
  const at = { instancePath: `${instancePath}/${pointerToken(name)}`, data: given }
  return { ...union, ...at, keyword: 'enum', params: { allowedValues } }
}

function collapseInside(errors: readonly ErrorObject[], prefix: string): ErrorObject[] {
  const relative = errors.map((e) => ({
    ...e,
    schemaPath: `#/${e.schemaPath.slice(prefix.length)}`,
  }))
  return collapseUnions(relative)
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') return value !== null && typeof value === 'object' && !Array.isArray(value)
  return typeof value === type
}

/** `"a", "b" or "c"` */
export function alternatives(values: readonly unknown[]): string {
  const quoted = values.map(quote)
  const last = quoted.pop()
  return quoted.length === 0 ? String(last) : `${quoted.join(', ')} or ${last}`
}
