import { liveLeaves, liveNodes } from '../graph.js'
import { GraphError } from '../graph-error.js'
import { OPERATORS } from '../operators/registry.js'
import type { DType, Node, Shape, Value } from '../types.js'
import type { OnnxEmitter, OnnxNodeOptions } from './emitter.js'
import { encodeModel, type OnnxNode, type OnnxTensor } from './model-proto.js'

export interface OnnxModelOptions {
  /** Version of the standard's operators. Default 23, the first with Attention. */
  readonly opset?: number
  /** Operator name → which of its ONNX forms to write; the first of its `forms` otherwise. */
  readonly forms?: Readonly<Record<string, string>>
}

/**
 * The bytes of an ONNX model that computes the named outputs. Its inputs are those of the graph that the outputs need,
 * under their own names.
 */
export function writeOnnxModel(
  outputs: Readonly<Record<string, Value>>,
  options: OnnxModelOptions = {},
): Uint8Array {
  const { forms = {} } = options
  for (const name of Object.keys(forms)) {
    if (!OPERATORS.has(name)) throw new GraphError(`write: there is no operator "${name}"`)
  }
  const values = Object.values(outputs)
  const writer = new ModelWriter(options.opset ?? 23)
  const leaves = liveLeaves(values)
  const inputs = leaves.filter((leaf) => leaf.source.kind === 'input')
  for (const input of inputs) writer.nameInput(input)
  const copies = writer.nameOutputs(outputs)
  for (const leaf of leaves) writer.writeConstant(leaf)
  for (const node of liveNodes(values)) {
    node.operator.onnx(node, writer, chosenForm(node, forms))
  }
  for (const [name, value] of copies) writer.node('Identity', [writer.name(value)], [name])
  const { nodes, used } = neededNodes(writer.nodes, Object.keys(outputs))
  return encodeModel({
    name: 'graph',
    opset: writer.opset,
    nodes,
    initializers: writer.initializers.filter(({ name }) => used.has(name)),
    inputs: inputs.map((input) => ({
      name: writer.name(input),
      dtype: input.dtype,
      shape: input.shape,
    })),
    outputs: Object.entries(outputs).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
  })
}

/** A form may leave an input of its node unread; engines would compute it nevertheless. */
function neededNodes(
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
): { nodes: OnnxNode[]; used: ReadonlySet<string> } {
  const used = new Set(outputs)
  const needed = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => used.has(output))) return false
    for (const input of node.inputs) used.add(input)
    return true
  })
  return { nodes: needed.reverse(), used }
}

function chosenForm(node: Node, forms: Readonly<Record<string, string>>): string {
  const { name, forms: known = ['standard'] } = node.operator
  const form = forms[name] ?? known[0]
  if (!known.includes(form)) {
    throw new GraphError(`write: ${name} has no ONNX form "${form}"; it has ${known.join(', ')}`)
  }
  return form
}

class ModelWriter implements OnnxEmitter {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  readonly #names = new Map<number, string>()
  readonly #taken = new Set<string>()
  readonly #constants = new Map<string, string>()

  constructor(readonly opset: number) {}

  nameInput(input: Value): void {
    const name = input.source.kind === 'input' ? input.source.name : ''
    this.#names.set(input.id, name)
    this.#taken.add(name)
  }

  /** Gives values their output names. Returns those that need a copy: leaves, and values that are several outputs. */
  nameOutputs(outputs: Readonly<Record<string, Value>>): [string, Value][] {
    const copies: [string, Value][] = []
    for (const [name, value] of Object.entries(outputs)) {
      if (this.#taken.has(name)) throw new GraphError(`write: the output "${name}" is an input too`)
      this.#taken.add(name)
      if (value.source.kind !== 'node' || this.#names.has(value.id)) copies.push([name, value])
      else this.#names.set(value.id, name)
    }
    return copies
  }

  writeConstant(leaf: Value): void {
    const { id, dtype, shape, source } = leaf
    if (source.kind !== 'constant') return
    const name = this.#unused('constant')
    this.#names.set(id, name)
    this.initializers.push({ name, dtype, shape, data: source.data })
  }

  name(value: Value): string {
    const known = this.#names.get(value.id)
    if (known !== undefined) return known
    const operator = value.source.kind === 'node' ? value.source.node.operator.name : 'value'
    const name = this.#unused(operator)
    this.#names.set(value.id, name)
    return name
  }

  constant(dtype: DType, shape: Shape, data: ArrayLike<number>): string {
    const key = JSON.stringify([dtype, shape, Array.from(data, String)])
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const name = this.#unused('constant')
    const stored = dtype === 'float32' ? Float64Array.from(data) : Int32Array.from(data)
    this.initializers.push({ name, dtype, shape, data: stored })
    this.#constants.set(key, name)
    return name
  }

  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    options: OnnxNodeOptions = {},
  ): void {
    const { attributes = {}, domain = '' } = options
    this.nodes.push({ type, inputs, outputs, attributes, domain })
  }

  temporary(type: string, inputs: readonly string[], options?: OnnxNodeOptions): string {
    const name = this.#unused(type)
    this.node(type, inputs, [name], options)
    return name
  }

  direct(node: Node, type: string, options?: OnnxNodeOptions, more: readonly string[] = []): void {
    const inputs = node.inputs.map((input) => this.name(input))
    const outputs = node.outputs.map((output) => this.name(output))
    this.node(type, [...inputs, ...more], outputs, options)
  }

  #unused(stem: string): string {
    let name = `${stem}_${this.#taken.size}`
    while (this.#taken.has(name)) name += '_'
    this.#taken.add(name)
    return name
  }
}
