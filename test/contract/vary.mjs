import fc from 'fast-check'

/**
 * Values that differ from a right one in one place, where they have what the schema allows there: another value, or a member
 * that had been left out. Only whether an item is there twice is not looked at.
 * @param values of the description
 */
export function varied(value, schema, values) {
  const places = placesOf(value, schema, values)
  if (places.length === 0) return fc.constant(value)
  return fc
    .constantFrom(...places)
    .chain(({ path, schema: inner }) =>
      values.of(inner).map((replacement) => replaced(value, path, replacement)),
    )
}

function placesOf(value, schema, values, path = []) {
  const branch = values.branchOf(schema, value)
  const inside = (name, inner, innerSchema) => [
    { path: [...path, name], schema: innerSchema },
    ...placesOf(inner, innerSchema, values, [...path, name]),
  ]
  if (branch === undefined || value === null || typeof value !== 'object') return []
  if (Array.isArray(value)) return value.flatMap((item, i) => inside(i, item, branch.items))
  const { properties = {}, additionalProperties } = branch
  const known = Object.entries(properties).flatMap(([name, property]) =>
    inside(name, value[name], property),
  )
  if (!additionalProperties) return known
  const free = Object.keys(value).filter((name) => !(name in properties))
  return [...known, ...free.flatMap((name) => inside(name, value[name], additionalProperties))]
}

function replaced(value, [name, ...rest], replacement) {
  if (name === undefined) return replacement
  const copy = Array.isArray(value) ? [...value] : { ...value }
  copy[name] = replaced(value?.[name], rest, replacement)
  return copy
}
