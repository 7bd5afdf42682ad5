import { Document, type ScalarTag, visit } from 'yaml'
import { plainDecimal } from './decimal.js'

/** A number that is written with a point and without an exponent: PyYAML takes `1e-7` for a text. */
export class Decimal {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

const DECIMAL_TAG: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => value instanceof Decimal,
  resolve: (text) => new Decimal(Number(text)),
  stringify: ({ value }) => plainDecimal((value as Decimal).value),
}

/** The library would write Maps with a tag that not every reader knows, and the name `<<` as an instruction to merge. */
const UNWANTED = ['tag:yaml.org,2002:omap', 'tag:yaml.org,2002:merge']

/** Texts that no reader takes for anything else, unless they are words of YAML such as `no`; those the library quotes. */
const PLAIN = /^[A-Za-z_/][\w/.@+*=%-]*(:\/\/[\w/.@+*=%-]+)?$/

/** Characters that a reader may refuse, or take for a line break, when they are not escaped. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

/**
 * YAML that readers of YAML 1.1 (PyYAML, OmegaConf) and of YAML 1.2 understand alike.
 * @param build makes the value of objects, Maps (whose order is kept), arrays, texts, whole numbers, booleans and
 * `Decimal`s; a collection that it passes through `inline` is written in one line
 */
export function yamlText(build: (inline: (collection: object) => unknown) => unknown): string {
  const document = new Document(null, {
    version: '1.1',
    customTags: (tags) => [
      DECIMAL_TAG,
      ...tags.filter((tag) => typeof tag === 'string' || !UNWANTED.includes(tag.tag)),
    ],
  })
  const options = { aliasDuplicateObjects: false }
  const inline = (collection: object) => document.createNode(collection, { ...options, flow: true })
  document.contents = document.createNode(build(inline), options) as typeof document.contents
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && !PLAIN.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document
    .toString({
      lineWidth: 0,
      doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
      flowCollectionPadding: false,
    })
    .replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
