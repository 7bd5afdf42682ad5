// What proxies learn from real text in 2 M tokens: bits per byte of the demo's validation text, beside gzip and a byte
// n-gram model, and a few lines that the model writes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { constants, gzipSync } from 'node:zlib'
import Table from 'cli-table3'
import { TEXT_DOMAINS } from '../../dist/cli/demo/text-domains.js'
import {
  domainTokens,
  ingestCorpus,
  loadCorpus,
  restoreCorpusTokenizer,
} from '../../dist/corpora/index.js'
import { createRng } from '../../dist/optimizers/random.js'
import {
  completeProxySpec,
  generate,
  loadEngine,
  modelConfig,
  parameterCount,
  trainProxy,
} from '../../dist/training/index.js'
import { NGramModel } from './n-gram.mjs'

const HELP = `Usage: npm run bench:quality -- [options]

Trains a model of each size on the demo's corpus (natural mixture) and prints bits per byte on its validation text, beside
gzip -9 (which sees the validation text alone) and a byte 6-gram model (which sees all of the training text).

Options:
  --size <name>     only this size: tiny, small or base (may be repeated; default tiny and small)
  --tokens <n>      tokens to train on (default 2000000)
  --vocabulary <n>  ids of the tokenizer (default 2048)
  --json            print one JSON object
  --help            print this
`

const ORDER = 6
const PROMPTS = ['The', 'In the', 'He said']

function readOptions() {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', multiple: true, default: ['tiny', 'small'] },
      tokens: { type: 'string', default: '2000000' },
      vocabulary: { type: 'string', default: '2048' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return { ...values, tokens: Number(values.tokens), vocabulary: Number(values.vocabulary) }
}

async function ingest(folder, vocabularySize) {
  const domains = TEXT_DOMAINS.map(({ name, documents }) => {
    const file = path.join(folder, `${name}.jsonl`)
    writeFileSync(file, [...documents()].map((text) => JSON.stringify({ text })).join('\n'))
    const source = {
      id: name,
      kind: 'upload',
      path: file,
      name,
      format: 'jsonl',
      textField: 'text',
    }
    return { name, sources: [source] }
  })
  const settings = {
    tokenizer: { kind: 'bpe', vocabularySize },
    validationFraction: 0.08,
    maxDocumentBytes: 10 * 2 ** 20,
    tokenizerSampleBytes: 16 * 2 ** 20,
    invalidDocuments: 'refuse',
  }
  const result = path.join(folder, 'corpus')
  await ingestCorpus({ folder: result, settings, domains, allowedFolders: [], maxBytes: 1e12 })
  return result
}

/** The text of one shard, as bytes of documents. */
function documentsOf(tokens, tokenizer) {
  const ids = new Int32Array(tokens.length)
  tokens.read(0, ids.length, ids, 0)
  const documents = []
  for (let start = 0; start < ids.length; ) {
    const end = ids.indexOf(tokenizer.endOfText, start)
    documents.push(Buffer.from(tokenizer.decode(ids.subarray(start, end)), 'utf8'))
    start = end + 1
  }
  return documents
}

function baselines(domain, tokenizer) {
  const validation = documentsOf(domain.validation, tokenizer)
  const bytes = validation.reduce((sum, document) => sum + document.length, 0)
  const zipped = gzipSync(Buffer.concat(validation), { level: constants.Z_BEST_COMPRESSION })
  const model = new NGramModel(ORDER)
  for (const document of documentsOf(domain.train, tokenizer)) model.learn(document)
  const bits = validation.reduce((sum, document) => sum + model.bits(document), 0)
  return { gzip: (8 * zipped.length) / bytes, nGram: bits / bytes }
}

async function trainSize(size, { corpus, domains, tokens, engine, tokenizer }) {
  const { manifest } = corpus
  const batchSize = size === 'tiny' ? 8 : 16
  const spec = completeProxySpec({
    model: size,
    tokens,
    batchSize,
    measurements: 1,
    validationSequences: 2000,
  })
  const model = modelConfig(spec.model, manifest.tokenizer.vocabularySize)
  const total = manifest.domains.reduce((sum, { train }) => sum + train.tokens, 0)
  const weights = Object.fromEntries(
    manifest.domains.map(({ name, train }) => [name, train.tokens / total]),
  )
  const run = { spec, model, domains, weights, seed: 1, studySeed: 1, engine }
  let finished
  for await (const event of trainProxy(run)) if (event.type === 'finished') finished = event
  const { measurements, learner: state, seconds } = finished
  const learner = await engine.open({
    model,
    batchSize,
    parameters: state.parameters,
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
  })
  const lines = []
  for (const [i, prompt] of PROMPTS.entries()) {
    const options = { tokens: 48, temperature: 0.7, topK: 40, endOfText: tokenizer.endOfText }
    const rng = createRng(1, 'lines', i)
    const ids = await generate(learner, tokenizer.encode(prompt), { ...options, rng })
    lines.push((prompt + tokenizer.decode(ids)).replaceAll(/\s+/g, ' '))
  }
  await learner.close()
  const losses = measurements.at(-1).domains
  const tokensPerSecond = tokens / seconds
  return { size, parameters: parameterCount(model), tokensPerSecond, losses, lines }
}

async function main() {
  const options = readOptions()
  if (options.help) return void process.stdout.write(HELP)
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-quality-'))
  try {
    const say = (text) => options.json || console.log(text)
    say('Ingesting the corpus of the demo')
    const corpusFolder = await ingest(folder, options.vocabulary)
    const corpus = await loadCorpus(corpusFolder)
    const tokenizer = await restoreCorpusTokenizer(corpusFolder)
    const names = corpus.manifest.domains.map(({ name }) => name)
    const domains = domainTokens(corpus, names)
    const engine = await loadEngine('onnx')
    const rivals = domains.map((domain) => baselines(domain, tokenizer))
    const models = []
    for (const size of options.size) {
      say(`Training ${size} on ${options.tokens.toLocaleString('en')} tokens`)
      models.push(
        await trainSize(size, { corpus, domains, tokens: options.tokens, engine, tokenizer }),
      )
    }
    if (options.json) return void console.log(JSON.stringify({ names, rivals, models }, null, 2))
    print(names, rivals, models)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function print(names, rivals, models) {
  const head = ['bits per byte', 'gzip -9', `${ORDER}-gram`, ...models.map(({ size }) => size)]
  const table = new Table({ head, style: { head: [], border: [] } })
  for (const [i, name] of names.entries()) {
    const own = models.map(({ losses }) => losses[name].bitsPerByte.toFixed(2))
    table.push([name, rivals[i].gzip.toFixed(2), rivals[i].nGram.toFixed(2), ...own])
  }
  console.log(table.toString())
  for (const { size, parameters, tokensPerSecond, lines } of models) {
    const pace = Math.round(tokensPerSecond).toLocaleString('en')
    console.log(
      `\n${size}: ${parameters.toLocaleString('en')} parameters, ${pace} tokens/s, writes:`,
    )
    for (const line of lines) console.log(`  ${line}`)
  }
}

await main()
