import type { TrainingEngine } from '../types.js'

/** Loads an engine's libraries only once somebody trains with it. */
export async function loadEngine(name: TrainingEngine['name']): Promise<TrainingEngine> {
  if (name === 'tfjs') return (await import('./tfjs/index.js')).tfjsEngine()
  return (await import('./onnx/index.js')).onnxEngine
}
