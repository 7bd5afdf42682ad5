import { createHash } from 'node:crypto'
import { MixwrightError } from '../errors.js'
import type { SamplerState } from './sampling/index.js'
import type { LearnerState, ProxyMeasurement } from './types.js'

/** How far a run has come, but for what its learner learned. JSON. */
export interface RunProgress {
  /** Optimiser steps taken. */
  readonly step: number
  readonly sampler: SamplerState
  readonly measurements: readonly ProxyMeasurement[]
  /** Sum of the training losses since the last measurement, nats per token, and how many they are. */
  readonly lossSum: number
  readonly lossCount: number
  /** Steps in a row whose loss was above chance. */
  readonly highLosses: number
}

/** Everything a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  readonly progress: RunProgress
  readonly learner: LearnerState
}

const MAGIC = 'MIXWCKPT'
const VERSION = 1
const PREAMBLE_BYTES = 16
const CHECKSUM_BYTES = 32

interface Header {
  run: string
  parameters: number
  progress: RunProgress
}

/**
 * The bytes of a checkpoint, numbers little-endian: `MIXWCKPT`, format version (uint32), length of the header (uint32),
 * the header (JSON, padded with spaces to a multiple of four), parameters, first and second moment (float32), SHA-256 of
 * all that.
 * @param run hash of the run it belongs to
 */
export function writeCheckpoint(run: string, { progress, learner }: Checkpoint): Uint8Array {
  const header: Header = { run, parameters: learner.parameters.length, progress }
  const json = Buffer.from(JSON.stringify(header))
  const headerBytes = Math.ceil(json.length / 4) * 4
  const arrays = [learner.parameters, learner.firstMoment, learner.secondMoment]
  const arrayBytes = learner.parameters.byteLength
  const body = PREAMBLE_BYTES + headerBytes + arrays.length * arrayBytes
  const bytes = Buffer.alloc(body + CHECKSUM_BYTES, ' ')
  bytes.write(MAGIC, 0, 'latin1')
  bytes.writeUInt32LE(VERSION, 8)
  bytes.writeUInt32LE(headerBytes, 12)
  json.copy(bytes, PREAMBLE_BYTES)
  arrays.forEach((array, i) => {
    const source = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    bytes.set(source, PREAMBLE_BYTES + headerBytes + i * arrayBytes)
  })
  createHash('sha256').update(bytes.subarray(0, body)).digest().copy(bytes, body)
  return bytes
}

/**
 * @param run hash of the run that is to go on
 * @throws MixwrightError `checkpoint-unusable` for bytes that are no checkpoint, are cut off or damaged, or belong to
 * another run
 */
export function readCheckpoint(run: string, bytes: Uint8Array): Checkpoint {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw unusable(`it is no checkpoint: it does not begin with ${MAGIC}`)
  }
  if (buffer.length < PREAMBLE_BYTES + CHECKSUM_BYTES) throw unusable(truncation(buffer.length))
  const version = buffer.readUInt32LE(8)
  if (version !== VERSION) {
    throw unusable(`it has format version ${version}; this release reads version ${VERSION}`)
  }
  const arraysStart = PREAMBLE_BYTES + buffer.readUInt32LE(12)
  const body = buffer.length - CHECKSUM_BYTES
  if (arraysStart > body) throw unusable(truncation(buffer.length))
  const checksum = createHash('sha256').update(buffer.subarray(0, body)).digest()
  if (!checksum.equals(buffer.subarray(body))) {
    throw unusable('its checksum does not match: it is cut off or damaged')
  }
  const header: Header = JSON.parse(buffer.toString('utf8', PREAMBLE_BYTES, arraysStart))
  if (header.run !== run) {
    throw unusable('it belongs to another run: a different proxy, mixture, seed or corpus')
  }
  const [parameters, firstMoment, secondMoment] = [0, 1, 2].map((i) =>
    floats(buffer, arraysStart + i * header.parameters * 4, header.parameters),
  )
  const { progress } = header
  return {
    progress,
    learner: { step: progress.step, parameters, firstMoment, secondMoment },
  }
}

/** A copy: files are read into buffers at any offset, and float arrays take only multiples of four. */
function floats(buffer: Buffer, start: number, count: number): Float32Array {
  const values = new Float32Array(count)
  new Uint8Array(values.buffer).set(buffer.subarray(start, start + count * 4))
  return values
}

function truncation(length: number): string {
  return `it is cut off after ${length} bytes`
}

function unusable(reason: string): MixwrightError {
  return new MixwrightError('checkpoint-unusable', `the checkpoint cannot be used: ${reason}`)
}
