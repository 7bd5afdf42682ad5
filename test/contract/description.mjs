import { Ajv2020 } from 'ajv/dist/2020.js'

/** An OpenAPI description: its operations, and what it says of their answers. */
export class Description {
  #check
  #checks = new Map()

  constructor(document) {
    this.document = document
    this.#check = new Ajv2020({ strict: false, allErrors: true })
    this.#check.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    this.#check.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)))
    this.#check.addSchema(document, 'openapi')
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    )
  }

  /** Paths below this one that name one of its members: `/v1/studies` → [`studyId`]. */
  membersOf(path) {
    const prefix = `${path}/{`
    const names = Object.keys(this.document.paths)
      .filter((other) => other.startsWith(prefix))
      .map((other) => other.slice(prefix.length).split('}')[0])
    return [...new Set(names)]
  }

  /** The parameters of an address that a path of the description stands for. */
  readAddress(address) {
    for (const path of Object.keys(this.document.paths)) {
      const pattern = path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')
      const found = new RegExp(`^${pattern}$`).exec(address)
      if (found) return { path, params: { ...found.groups } }
    }
    return undefined
  }

  /** What an answer departs in from the description; empty when in nothing. */
  departures({ method, path, operation }, { status, type, body }) {
    const documented = operation.responses[status]
    if (!documented) return [`the status ${status} is not documented`]
    const { content } = documented
    if (!content) return body === '' ? [] : ['the answer has a body, of which nothing is said']
    if (!content[type]) return [`the type ${type} is not documented for ${status}`]
    if (!type.endsWith('json') || body === undefined) return []
    try {
      const place = ['paths', path, method, 'responses', String(status), 'content', type, 'schema']
      return this.#errors(place, JSON.parse(body))
    } catch (error) {
      return [`the body is not JSON: ${error.message}`]
    }
  }

  #errors(place, value) {
    const pointer = place.map((name) => `/${encodeURIComponent(escaped(name))}`).join('')
    if (!this.#checks.has(pointer)) {
      this.#checks.set(pointer, this.#check.compile({ $ref: `openapi#${pointer}` }))
    }
    const check = this.#checks.get(pointer)
    if (check(value)) return []
    return check.errors.map(({ instancePath, message, params }) => {
      return `the body${instancePath} ${message} ${JSON.stringify(params)}`
    })
  }
}

function escaped(name) {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
