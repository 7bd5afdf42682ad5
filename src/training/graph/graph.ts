import { GraphError } from './graph-error.js'
import { describeType, elementCount } from './shapes.js'
import type {
  Attributes,
  DType,
  Node,
  Operator,
  Shape,
  TensorData,
  TensorType,
  Value,
  ValueSource,
} from './types.js'

export interface GraphOptions {
  /** Whether equal applications of an operator, and equal constants, become one. Default true. */
  readonly shareSubexpressions?: boolean
}

/**
 * A static computation: values and nodes are only ever appended, so order of creation is a topological order.
 * Common subexpressions are found as they are appended; what an output does not need is left out by whoever reads
 * the graph (`liveNodes`).
 */
export class Graph {
  readonly #sharing: boolean
  readonly #shared = new Map<string, Node>()
  readonly #constants = new Map<string, Value[]>()
  readonly #inputs = new Map<string, Value>()
  #valueCount = 0

  constructor(options: GraphOptions = {}) {
    this.#sharing = options.shareSubexpressions ?? true
  }

  /** Throws GraphError when the name is taken or the shape is none. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (name === '') throw new GraphError('input: the name is empty')
    if (this.#inputs.has(name)) throw new GraphError(`input: "${name}" is there already`)
    const value = this.#append({ dtype, shape }, { kind: 'input', name })
    this.#inputs.set(name, value)
    return value
  }

  /** @param data row-major; integers for integer types, 0 or 1 for `bool` */
  constant(dtype: DType, shape: Shape, data: ArrayLike<number>): Value {
    if (data.length !== elementCount(shape)) {
      throw new GraphError(
        `constant: ${describeType({ dtype, shape })} has ${elementCount(shape)} elements, ${data.length} were given`,
      )
    }
    const stored = dtype === 'float32' ? Float64Array.from(data) : Int32Array.from(data)
    const key = `${describeType({ dtype, shape })}:${stored[0]}:${stored.at(-1)}`
    const candidates = this.#constants.get(key) ?? []
    const equal = this.#sharing && candidates.find((other) => sameData(constantData(other), stored))
    if (equal) return equal
    const value = this.#append({ dtype, shape }, { kind: 'constant', data: stored })
    this.#constants.set(key, [...candidates, value])
    return value
  }

  scalar(value: number, dtype: DType = 'float32'): Value {
    return this.constant(dtype, [], [value])
  }

  /** Outputs of the operator on these inputs. Throws GraphError that names operator, input types and reason. */
  apply<A extends Attributes>(
    operator: Operator<A>,
    inputs: readonly Value[],
    attributes: A,
  ): readonly Value[] {
    for (const input of inputs) {
      if (input.graph !== this) {
        throw new GraphError(
          `${operator.name}: an input of ${describeType(input)} is of another graph`,
        )
      }
    }
    const ordered = operator.commutative ? inputs.toSorted((a, b) => a.id - b.id) : inputs
    const key = `${operator.name}(${ordered.map((input) => input.id)})${attributesKey(attributes)}`
    const equal = this.#sharing ? this.#shared.get(key) : undefined
    if (equal) return equal.outputs
    const outputs: Value[] = []
    const node: Node<A> = { operator, inputs: ordered, outputs, attributes }
    for (const [index, type] of inferTypes(operator, ordered, attributes).entries()) {
      outputs.push(this.#append(type, { kind: 'node', node, index }))
    }
    this.#shared.set(key, node)
    return outputs
  }

  #append(type: TensorType, source: ValueSource): Value {
    if (!type.shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new GraphError(`${describeType(type)}: every dimension must be a positive integer`)
    }
    const { dtype, shape } = type
    return Object.freeze({ graph: this, id: this.#valueCount++, dtype, shape: [...shape], source })
  }
}

/** JSON knows neither infinities nor −0. */
function attributesKey(attributes: Attributes): string {
  return JSON.stringify(attributes, (_, value: unknown) =>
    typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : value,
  )
}

function inferTypes<A extends Attributes>(
  operator: Operator<A>,
  inputs: readonly Value[],
  attributes: A,
): readonly TensorType[] {
  try {
    return operator.infer(inputs, attributes)
  } catch (error) {
    if (!(error instanceof GraphError)) throw error
    throw new GraphError(
      `${operator.name}(${inputs.map(describeType).join(', ')}): ${error.message}`,
    )
  }
}

function constantData(value: Value): TensorData | undefined {
  return value.source.kind === 'constant' ? value.source.data : undefined
}

/** Bit by bit but for the sign of NaN: 0 and −0 differ, and NaN equals itself. */
function sameData(a: TensorData | undefined, b: TensorData): boolean {
  if (a?.length !== b.length) return false
  for (let i = 0; i < b.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

/** The one number a constant of a single element holds. */
export function scalarConstant(value: Value): number | undefined {
  const data = constantData(value)
  return data?.length === 1 ? data[0] : undefined
}

/** The node a value comes from, if it is one of this operator. */
export function producer<A extends Attributes>(
  value: Value,
  operator: Operator<A>,
): Node<A> | undefined {
  if (value.source.kind !== 'node' || value.source.node.operator.name !== operator.name) {
    return undefined
  }
  return value.source.node as Node<A>
}

/** The nodes that the outputs need, in an order in which they can be computed. */
export function liveNodes(outputs: readonly Value[]): Node[] {
  const seen = new Set<Node>()
  const open = [...outputs]
  for (let value = open.pop(); value; value = open.pop()) {
    if (value.source.kind !== 'node' || seen.has(value.source.node)) continue
    seen.add(value.source.node)
    open.push(...value.source.node.inputs)
  }
  return [...seen].sort((a, b) => a.outputs[0].id - b.outputs[0].id)
}

/** The inputs and constants that the outputs need, in order of creation. */
export function liveLeaves(outputs: readonly Value[]): Value[] {
  const values = new Set([...outputs, ...liveNodes(outputs).flatMap((node) => node.inputs)])
  return [...values].filter((value) => value.source.kind !== 'node').sort((a, b) => a.id - b.id)
}
