import { Command } from 'commander'
import {
  ApiClient,
  type Ingestion,
  type ServiceOptions,
  serviceUrl,
  withServiceUrl,
} from '../../client/index.js'
import { coloursFor } from '../../terminal/colours.js'
import { manifestTable } from '../../terminal/manifest.js'
import { progressView } from '../../terminal/progress.js'

interface IngestOptions extends ServiceOptions {
  wait: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright corpus ingest 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60
  mixwright corpus ingest 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60 --no-wait --json

Ctrl-C leaves it going on in the service; mixwright corpus show says how far it is.`

export function ingestCorpusCommand(): Command {
  const command = new Command('ingest')
    .description('Reads all files of a corpus, and makes tokens of their text.')
    .argument('<corpus>', 'id of the corpus')
    .option('--no-wait', 'start it and return')
    .option('--json', 'print the ingestion (with --no-wait: its job) as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(ingest)
}

async function ingest(corpus: string, options: IngestOptions): Promise<void> {
  const api = new ApiClient(serviceUrl(options))
  const job = await api.ingest(corpus)
  if (!options.wait) {
    const text = `The corpus is being ingested. How far it is: mixwright corpus show ${corpus}\n`
    process.stdout.write(options.json ? `${JSON.stringify(job, null, 2)}\n` : text)
    return
  }
  const progress = progressView({ json: Boolean(options.json) })
  try {
    await api.follow(job, progress.show)
  } finally {
    progress.stop()
  }
  const ingestion = await api.ingestion(corpus, job.subjectId)
  process.stdout.write(
    options.json ? `${JSON.stringify(ingestion, null, 2)}\n` : summary(ingestion),
  )
}

function summary({ manifest }: Ingestion): string {
  return manifest ? `${manifestTable(manifest, coloursFor(process.stdout))}\n` : ''
}
