import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import { createRng } from '../../src/optimizers/random.js'
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../src/training/checkpoint.js'

const RUN = 'a'.repeat(64)

function checkpoint(parameters = 1001): Checkpoint {
  const rng = createRng(4, 'checkpoint')
  const values = () => Float32Array.from({ length: parameters }, () => rng.normal())
  return {
    progress: {
      step: 17,
      sampler: { batches: 17, drawn: { 'prose, “quoted”': 100, code: 36 } },
      measurements: [
        {
          step: 10,
          tokens: 640,
          domains: {
            code: { loss: 1 / 3, standardError: 1e-17, bitsPerByte: Math.PI, sequences: 12 },
          },
          trainingLoss: 5.000000000000001,
          epochs: { code: 0.1 },
        },
      ],
      lossSum: 0.1 + 0.2,
      lossCount: 7,
      highLosses: 2,
    },
    learner: {
      step: 17,
      parameters: values(),
      firstMoment: values(),
      secondMoment: values(),
    },
  }
}

function refusal(run: string, bytes: Uint8Array): MixwrightError {
  try {
    readCheckpoint(run, bytes)
  } catch (error) {
    if (error instanceof MixwrightError) return error
    throw error
  }
  throw new Error('the checkpoint was read')
}

describe('a checkpoint', () => {
  test.each([1, 2, 3, 1001])('comes back bit by bit with %i parameters', (parameters) => {
    const written = checkpoint(parameters)
    const bytes = writeCheckpoint(RUN, written)
    expect(readCheckpoint(RUN, bytes)).toEqual(written)
    // At an offset that floats cannot be read from in place.
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    expect(readCheckpoint(RUN, shifted.subarray(1))).toEqual(written)
  })

  test('keeps what single precision can hold beside numbers: −0, infinities, subnormals', () => {
    const written = checkpoint(4)
    written.learner.parameters.set([-0, Number.POSITIVE_INFINITY, 1e-45, Number.NaN])
    const { parameters } = readCheckpoint(RUN, writeCheckpoint(RUN, written)).learner
    expect(new Uint32Array(parameters.buffer)).toEqual(
      new Uint32Array(written.learner.parameters.buffer),
    )
  })

  test('is laid out as documented', () => {
    const bytes = Buffer.from(writeCheckpoint(RUN, checkpoint(5)))
    expect(bytes.toString('latin1', 0, 8)).toBe('MIXWCKPT')
    expect(bytes.readUInt32LE(8)).toBe(1)
    const headerBytes = bytes.readUInt32LE(12)
    expect(bytes.length).toBe(16 + headerBytes + 3 * 5 * 4 + 32)
    expect(bytes.readFloatLE(16 + headerBytes)).toBe(checkpoint(5).learner.parameters[0])
  })
})

describe('what is refused', () => {
  test('a file of another kind', () => {
    const error = refusal(RUN, Buffer.from('PK\u0003\u0004 something else entirely'))
    expect(error.code).toBe('checkpoint-unusable')
    expect(error.message).toContain('it does not begin with MIXWCKPT')
    expect(refusal(RUN, new Uint8Array(0)).message).toContain('it does not begin with MIXWCKPT')
  })

  test('a file cut off anywhere', () => {
    const bytes = writeCheckpoint(RUN, checkpoint(40))
    for (let length = 8; length < bytes.length; length += 13) {
      const { code, message } = refusal(RUN, bytes.subarray(0, length))
      expect(code).toBe('checkpoint-unusable')
      expect(message).toContain('cut off')
    }
  })

  test('a file with one bit turned, wherever it is after the version', () => {
    const bytes = writeCheckpoint(RUN, checkpoint(40))
    for (let at = 12; at < bytes.length; at += 11) {
      const damaged = bytes.slice()
      damaged[at] ^= 1 << (at % 8)
      expect(refusal(RUN, damaged).code).toBe('checkpoint-unusable')
    }
  })

  test('a file of a later release', () => {
    const bytes = Buffer.from(writeCheckpoint(RUN, checkpoint(40)))
    bytes.writeUInt32LE(2, 8)
    expect(refusal(RUN, bytes).message).toContain('format version 2; this release reads version 1')
  })

  test('a checkpoint of another run', () => {
    const bytes = writeCheckpoint(RUN, checkpoint(40))
    expect(refusal('b'.repeat(64), bytes).message).toContain('it belongs to another run')
  })
})
