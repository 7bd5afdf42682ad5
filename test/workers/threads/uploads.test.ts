import { describe, expect, test } from 'vitest'
import { movableUpload } from '../../../src/workers/threads/uploads.js'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('movableUpload', () => {
  test('moves bytes that have their memory to themselves, without a copy', () => {
    const body = new Uint8Array(new TextEncoder().encode('{}'))
    const { upload, memory } = movableUpload({ format: 'json', body })
    expect(memory).toEqual([body.buffer])
    const moved = structuredClone(upload, { transfer: memory })
    expect(moved.format === 'json' && text(moved.body)).toBe('{}')
    expect(body.byteLength).toBe(0)
  })

  test('copies bytes that share their memory, and leaves the others whole', () => {
    const pooled = Buffer.from('run,web\na,1\n')
    expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.byteLength)
    const neighbour = pooled.subarray(4)
    const { upload, memory } = movableUpload({
      format: 'csv',
      mixtures: pooled,
      metrics: neighbour,
    })
    const moved = structuredClone(upload, { transfer: memory })
    expect(moved.format === 'csv' && [text(moved.mixtures), text(moved.metrics)]).toEqual([
      'run,web\na,1\n',
      'web\na,1\n',
    ])
    expect(pooled.toString()).toBe('run,web\na,1\n')
  })

  test('moves memory that both files are in only once', () => {
    const bytes = new Uint8Array(new TextEncoder().encode('a,b'))
    const { upload, memory } = movableUpload({ format: 'csv', mixtures: bytes, metrics: bytes })
    const moved = structuredClone(upload, { transfer: memory })
    expect(moved.format === 'csv' && [text(moved.mixtures), text(moved.metrics)]).toEqual([
      'a,b',
      'a,b',
    ])
  })
})
