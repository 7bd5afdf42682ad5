import {
  createTokenizer,
  restoreTokenizer,
  type Tokenizer,
} from '../../training/tokenizer/index.js'
import type { IngestProgress } from '../types.js'
import { readWhole, writeWhole } from './disk.js'
import type { Ingestion } from './ingestion.js'
import { evenSample, evenShares } from './sample.js'
import { readSpool } from './spool.js'
import { saveState } from './state.js'

/** Second phase: the tokenizer is made, or fetched if it was made before. */
export async function prepareTokenizer(ingestion: Ingestion): Promise<Tokenizer> {
  const { files, state, settings, pacer, budget } = ingestion
  const stored = state.tokenizer ? readWhole(files.tokenizer) : undefined
  if (stored !== undefined) return restoreTokenizer(stored)
  const progress = (done: number): IngestProgress => ({
    phase: 'train-tokenizer',
    done,
    total: settings.tokenizerSampleBytes,
    message: 'preparing the tokenizer',
  })
  pacer.report(progress(0))
  await pacer.turn(progress(0))
  const tokenizer = await createTokenizer(settings.tokenizer, trainingSample(ingestion))
  const text = tokenizer.toJSON()
  budget.spend(Buffer.byteLength(text))
  writeWhole(files.tokenizer, text)
  state.tokenizer = true
  saveState(files, state)
  pacer.report(progress(settings.tokenizerSampleBytes))
  await pacer.turn(progress(settings.tokenizerSampleBytes))
  return tokenizer
}

function* trainingSample({ settings, state, files }: Ingestion): Generator<Buffer> {
  const sizes = state.domains.map(({ train }) => train.bytes)
  const shares = evenShares(settings.tokenizerSampleBytes, sizes)
  for (const [i, share] of shares.entries()) {
    if (share > 0) yield* evenSample(readSpool(files.spool(i, 'train')), sizes[i], share)
  }
}
