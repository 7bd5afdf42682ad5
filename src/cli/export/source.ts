import { type TSchema, Type } from 'typebox'
import { MixwrightError } from '../../errors.js'
import {
  type ExportDomain,
  ExportDomainSchema,
  type ExportInput,
  PhaseSchema,
} from '../../formats/exporters/index.js'
import { schemaProblems } from '../../formats/validation/index.js'
import { isObject } from '../../json-object.js'
import { MixtureSchema } from '../../optimizers/problem.js'
import { readJsonInput } from '../input-files.js'

type Weights = Pick<ExportInput, 'mixture' | 'phases'>

const TokenCountsSchema = Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0 }))

/**
 * A mixture, a list of phases, or a recommendation, whichever the file holds.
 * @throws UsageError when it cannot be read, MixwrightError naming what is wrong in it
 */
export async function readWeights(file: string): Promise<Weights> {
  const content = await readJsonInput(file, '--mixture')
  if (Array.isArray(content)) {
    return { phases: checked(Type.Array(PhaseSchema), content, file) as Weights['phases'] }
  }
  // What `mixwright fit --json` prints; a domain of this name would have a number.
  const mixture = isObject(content) && isObject(content.weights) ? content.weights : content
  return { mixture: checked(MixtureSchema, mixture, file) as Weights['mixture'] }
}

/**
 * Domains with what is known of them: a list as the API takes it, or a map from domain to tokens.
 * @throws UsageError when it cannot be read, MixwrightError naming what is wrong in it
 */
export async function readExportDomains(file: string): Promise<ExportDomain[]> {
  const content = await readJsonInput(file, '--domains')
  if (Array.isArray(content)) {
    return checked(Type.Array(ExportDomainSchema), content, file) as ExportDomain[]
  }
  const tokens = checked(TokenCountsSchema, content, file) as Record<string, number>
  return Object.entries(tokens).map(([name, count]) => ({ name, tokens: count }))
}

function checked(schema: TSchema, value: unknown, file: string): unknown {
  const errors = schemaProblems(schema, value)
  if (errors.length === 0) return value
  throw new MixwrightError('validation-failed', `${file} does not hold what it should`, errors)
}
