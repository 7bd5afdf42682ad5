/** A list with one item, as its first and only page. */
export function examplePage<T>(item: T) {
  return { items: [item], pagination: { cursor: null, hasMore: false } }
}
