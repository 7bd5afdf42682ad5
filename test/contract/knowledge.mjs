const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Of each kind the newest are remembered. */
const MOST = 30

/** What answers have told: which things there are, and what belongs to them. */
export class Knowledge {
  #description
  /** Path → the parameters of things that there are. */
  #places = new Map()
  /** Id → name → values that stood beside it. */
  #facts = new Map()
  /** Name → values. */
  #values = new Map()
  #secrets

  /** @param secrets ids that must not be touched */
  constructor(description, secrets = []) {
    this.#description = description
    this.#secrets = new Set(secrets)
  }

  /** Parameter sets for a path, newest last. */
  placesOf(path) {
    return this.#places.get(path) ?? []
  }

  /** Values of a member, as they were seen beside the ids, or at all. */
  valuesOf(name, ids = []) {
    const beside = ids.flatMap((id) => [...(this.#facts.get(id)?.get(name) ?? [])])
    return { beside, all: this.#values.get(name) ?? [] }
  }

  /** There is nothing at the address. */
  forget(path, params) {
    const key = JSON.stringify(params)
    const left = this.placesOf(path).filter((other) => JSON.stringify(other) !== key)
    this.#places.set(path, left)
  }

  /** The thing is gone, with all that was in it. */
  forgetThing(path, params) {
    if (!path.endsWith('}')) return
    const entries = Object.entries(params)
    for (const [other, places] of this.#places) {
      const left = places.filter((place) => entries.some(([name, value]) => place[name] !== value))
      this.#places.set(other, left)
    }
  }

  /** @param body parsed; undefined when it is not JSON */
  learn({ path, params, location, etag, body }) {
    const found = location && this.#description.readAddress(location)
    if (found) this.#remember(found.path, found.params)
    if (Object.keys(params).length > 0) this.#remember(path, params)
    const subject = Object.values(found?.params ?? params).at(-1)
    if (etag && subject) {
      for (const name of ['if-match', 'if-none-match']) this.#addFact(subject, name, etag, 1)
    }
    if (body === undefined || body === null) return
    this.#readFacts(body)
    this.#rememberListed({ ...params, ...found?.params }, body)
    this.#rememberLinks(body)
    const items = Array.isArray(body?.items) ? body.items : [body]
    for (const name of this.#description.membersOf(path)) {
      for (const item of items) {
        const value = item?.[name] ?? item?.id ?? item?.name
        if (typeof value !== 'string') continue
        this.#remember(`${path}/{${name}}`, { ...params, [name]: value })
      }
    }
  }

  /** Addresses that an answer names. */
  #rememberLinks(node) {
    if (typeof node === 'string' && node.startsWith('/')) {
      const found = this.#description.readAddress(node)
      if (found) this.#remember(found.path, found.params)
    } else if (node !== null && typeof node === 'object') {
      for (const inner of Object.values(node)) this.#rememberLinks(inner)
    }
  }

  /** Things in lists that are named as their place is: `trials` in an answer are those at `…/trials/{trialId}`. */
  #rememberListed(params, body) {
    for (const [list, items] of Object.entries(body)) {
      if (!Array.isArray(items)) continue
      const pattern = new RegExp(`^(.*)/${list}/\\{(\\w+)\\}$`)
      for (const path of Object.keys(this.#description.document.paths)) {
        const [, prefix, name] = pattern.exec(path) ?? []
        const needed = [...(prefix ?? '').matchAll(/\{(\w+)\}/g)].map(([, param]) => param)
        if (name === undefined || !needed.every((param) => param in params)) continue
        const around = Object.fromEntries(needed.map((param) => [param, params[param]]))
        for (const item of items) {
          if (typeof item?.id === 'string') this.#remember(path, { ...around, [name]: item.id })
        }
      }
    }
  }

  /** At all addresses that begin with its own and need no more. */
  #remember(own, params) {
    if (Object.values(params).some((value) => this.#secrets.has(value))) return
    for (const path of Object.keys(this.#description.document.paths)) {
      if (path !== own && !path.startsWith(`${own}/`)) continue
      if (path.slice(own.length).includes('{')) continue
      this.forget(path, params)
      this.#places.set(path, [...this.placesOf(path), params].slice(-MOST))
    }
  }

  #readFacts(node) {
    if (node === null || typeof node !== 'object') return
    if (!Array.isArray(node)) {
      const facts = flatten(node)
      const ids = facts.filter(([, value]) => UUID.test(value)).map(([, value]) => value)
      for (const [name, value] of facts) {
        if (this.#secrets.has(value)) continue
        this.#values.set(name, [...(this.#values.get(name) ?? []), value].slice(-MOST))
        for (const id of ids) this.#addFact(id, name, value)
      }
    }
    for (const inner of Object.values(node)) this.#readFacts(inner)
  }

  #addFact(id, name, value, most = 5) {
    if (!this.#facts.has(id)) {
      if (this.#facts.size > 2000) this.#facts.delete(this.#facts.keys().next().value)
      this.#facts.set(id, new Map())
    }
    const values = this.#facts.get(id)
    values.set(name, new Set([...(values.get(name) ?? []), value].slice(-most)))
  }
}

/** Texts in an object and below: `{ lease: { id } }` has a `leaseId`, and so has `{ leases: [{ id }] }`. */
function flatten(node, name = '', depth = 0) {
  if (typeof node === 'string') return [[name, node]]
  if (node === null || typeof node !== 'object' || depth > 4) return []
  if (Array.isArray(node)) {
    const one = name.replace(/s$/, '')
    return node.slice(0, 20).flatMap((item) => flatten(item, one, depth + 1))
  }
  return Object.entries(node).flatMap(([key, value]) => {
    const isScalar = typeof value === 'string'
    const full =
      name === '' || !isScalar ? key : `${name}${key[0]?.toUpperCase() ?? ''}${key.slice(1)}`
    return flatten(value, full, depth + 1)
  })
}
