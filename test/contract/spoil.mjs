import fc from 'fast-check'
import { anyText } from './values.mjs'

/** Values that differ from a right one in one to three places, and mostly are wrong for it. */
export function spoiled(value) {
  const change = fc.record({ place: fc.nat(), kind: fc.nat(9), text: anyText, other: wrongValue })
  return fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce(apply, structuredClone(value)))
}

const wrongValue = fc.oneof(
  fc.constantFrom(null, true, -1, 0, 1e308, -0.5, 2 ** 53, 1e-320, '', '0.5', [], {}, [[]]),
  anyText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(nested(5), nested(200), Array(3000).fill(0)),
)

function nested(depth) {
  let value = 1
  for (let i = 0; i < depth; i++) value = { a: value }
  return value
}

function apply(root, { place, kind, text, other: drawn }) {
  // What is drawn may be drawn again.
  const other = structuredClone(drawn)
  const places = placesOf(root)
  if (places.length === 0 || kind === 0) return other
  const { parent, name } = places[place % places.length]
  const present = parent[name]
  if (kind <= 2) remove(parent, name)
  else if (kind === 3) add(parent, text, other)
  else if (kind === 4) parent[name] = Array.isArray(present) ? [...present, ...present] : [present]
  else if (kind === 5 && typeof present === 'number') parent[name] = -present * 1e6
  else if (kind === 6 && typeof present === 'string') parent[name] = text
  else parent[name] = other
  return root
}

function remove(parent, name) {
  if (Array.isArray(parent)) parent.splice(name, 1)
  else delete parent[name]
}

function add(parent, name, value) {
  if (Array.isArray(parent)) parent.push(value)
  else
    Object.defineProperty(parent, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
}

/** Every member of every object and list in the value. */
function placesOf(value) {
  if (value === null || typeof value !== 'object') return []
  const names = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value)
  return names.flatMap((name) => [{ parent: value, name }, ...placesOf(value[name])])
}
