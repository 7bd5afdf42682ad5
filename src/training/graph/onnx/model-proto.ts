import { PbfWriter } from 'pbf'
import type { DType, Shape, TensorData, TensorType } from '../types.js'
import type { OnnxAttribute, OnnxAttributes } from './emitter.js'

/** The parts of an ONNX model that the writer uses, and their bytes (field numbers: onnx.proto of ONNX 1.16). */

export interface OnnxNode {
  readonly type: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: OnnxAttributes
}

export interface OnnxTensor extends TensorType {
  readonly name: string
  readonly data: TensorData
}

export interface OnnxValueInfo extends TensorType {
  readonly name: string
}

export interface OnnxModel {
  readonly name: string
  readonly opset: number
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly OnnxValueInfo[]
}

const IR_VERSION = 10
export const DATA_TYPES: Readonly<Record<DType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
}
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, ints: 7 } as const

export function encodeModel(model: OnnxModel): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, IR_VERSION)
  pbf.writeStringField(2, 'mixwright')
  pbf.writeMessage(7, writeGraph, model)
  pbf.writeMessage(8, writeOpset, { domain: '', version: model.opset })
  pbf.writeMessage(8, writeOpset, { domain: 'com.microsoft', version: 1 })
  return pbf.finish()
}

function writeOpset(opset: { domain: string; version: number }, pbf: PbfWriter): void {
  pbf.writeStringField(1, opset.domain)
  pbf.writeVarintField(2, opset.version)
}

function writeGraph(model: OnnxModel, pbf: PbfWriter): void {
  for (const node of model.nodes) pbf.writeMessage(1, writeNode, node)
  pbf.writeStringField(2, model.name)
  for (const tensor of model.initializers) pbf.writeMessage(5, writeTensor, tensor)
  for (const input of model.inputs) pbf.writeMessage(11, writeValueInfo, input)
  for (const output of model.outputs) pbf.writeMessage(12, writeValueInfo, output)
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input)
  for (const output of node.outputs) pbf.writeStringField(2, output)
  pbf.writeStringField(3, `${node.type}:${node.outputs.find((output) => output !== '')}`)
  pbf.writeStringField(4, node.type)
  for (const [name, attribute] of Object.entries(node.attributes)) {
    pbf.writeMessage(5, writeAttribute, { name, attribute })
  }
  if (node.domain !== '') pbf.writeStringField(7, node.domain)
}

function writeAttribute(named: { name: string; attribute: OnnxAttribute }, pbf: PbfWriter): void {
  const { name, attribute } = named
  pbf.writeStringField(1, name)
  switch (attribute.type) {
    case 'float':
      pbf.writeFloatField(2, attribute.value)
      break
    case 'int':
      pbf.writeVarintField(3, attribute.value)
      break
    case 'string':
      pbf.writeBytesField(4, new TextEncoder().encode(attribute.value))
      break
    case 'ints':
      for (const value of attribute.value) pbf.writeVarintField(8, value)
      break
  }
  pbf.writeVarintField(20, ATTRIBUTE_TYPES[attribute.type])
}

function writeTensor(tensor: OnnxTensor, pbf: PbfWriter): void {
  for (const size of tensor.shape) pbf.writeVarintField(1, size)
  pbf.writeVarintField(2, DATA_TYPES[tensor.dtype])
  pbf.writeStringField(8, tensor.name)
  pbf.writeBytesField(9, rawData(tensor))
}

/** Little-endian bytes, as on every machine that Node runs on. */
function rawData({ dtype, data }: OnnxTensor): Uint8Array {
  const elements = typedElements(dtype, data)
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
}

function typedElements(dtype: DType, data: TensorData) {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(data)
    case 'int32':
      return Int32Array.from(data)
    case 'int64':
      return BigInt64Array.from(Array.from(data, BigInt))
    case 'bool':
      return Uint8Array.from(data)
  }
}

function writeValueInfo(info: OnnxValueInfo, pbf: PbfWriter): void {
  pbf.writeStringField(1, info.name)
  pbf.writeMessage(2, writeType, info)
}

function writeType(type: TensorType, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeTensorType, type)
}

function writeTensorType(type: TensorType, pbf: PbfWriter): void {
  pbf.writeVarintField(1, DATA_TYPES[type.dtype])
  pbf.writeMessage(2, writeShape, type.shape)
}

function writeShape(shape: Shape, pbf: PbfWriter): void {
  for (const size of shape) pbf.writeMessage(1, writeDimension, size)
}

function writeDimension(size: number, pbf: PbfWriter): void {
  pbf.writeVarintField(1, size)
}
