import type { ErrorObject } from 'ajv'
import { quote } from './wording.js'

/**
 * A value that fits no branch of an `anyOf` gives the errors of all branches and one of the union. This leaves one
 * error a union: the list of allowed values where the branches are constants; else what is wrong in the branch that
 * was meant, which is the one whose type the value has.
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
  const branches: { const?: unknown; type?: string }[] = union.parentSchema?.anyOf ?? []
  if (branches.every((branch) => 'const' in branch)) {
    const allowedValues = branches.map((branch) => branch.const)
    return [{ ...union, keyword: 'enum', params: { allowedValues } }]
  }
  const meant = branches.findIndex(({ type }) => type !== undefined && hasType(union.data, type))
  if (meant < 0) return [union]
  const prefix = `${union.schemaPath}/${meant}/`
  const inside = members.filter(({ schemaPath }) => schemaPath.startsWith(prefix))
  return inside.length === 0 ? [union] : collapseInside(inside, prefix)
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
