/** Which HTTP methods each address takes, to tell "no such address" from "not with this method". */
export class RouteTable {
  readonly #routes: { method: string; segments: readonly string[] }[] = []

  /** @param pattern a path with `:parameters`, or one ending in a `*` */
  add(methods: readonly string[], pattern: string): void {
    const segments = pattern.split('/')
    this.#routes.push(...methods.map((method) => ({ method, segments })))
  }

  /** The methods that some route takes at the address, sorted; the query does not count. */
  methodsOf(url: string): string[] {
    const segments = url.split('?', 1)[0].split('/')
    const methods = this.#routes
      .filter((route) => matches(route.segments, segments))
      .map(({ method }) => method)
    return [...new Set(methods)].sort()
  }
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.at(-1) === '*') {
    const fixed = pattern.slice(0, -1)
    return path.length >= pattern.length && fixed.every((segment, i) => segment === path[i])
  }
  return (
    pattern.length === path.length &&
    pattern.every((segment, i) => (segment.startsWith(':') ? path[i] !== '' : segment === path[i]))
  )
}
