/** A graph that cannot be built, differentiated, evaluated or written: the message names the operator and the shapes. */
export class GraphError extends Error {
  override readonly name = 'GraphError'
}
