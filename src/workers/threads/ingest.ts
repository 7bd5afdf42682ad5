import type { MessagePort } from 'node:worker_threads'
import { ingestCorpus } from '../../corpora/index.js'
import type { CorpusManifest, IngestProgress, IngestTask } from '../../corpora/types.js'
import { openInterruptible } from './interruptible.js'
import { replyWith, type ThreadReply } from './replies.js'

export interface IngestMessage {
  task: IngestTask
  /** Progress goes out. */
  port: MessagePort
}

/** Thread entry: ingests a corpus. */
export function run({ task, port }: IngestMessage): Promise<ThreadReply<CorpusManifest>> {
  const { signal, post } = openInterruptible<IngestProgress>(port)
  return replyWith(() => ingestCorpus(task, { signal, onProgress: post }))
}
