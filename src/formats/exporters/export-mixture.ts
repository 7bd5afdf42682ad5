import { MixwrightError } from '../../errors.js'
import { hashCanonical } from '../../optimizers/canonical-json.js'
import { schemaProblems } from '../validation/index.js'
import type { ExportOptions } from './options.js'
import { planExport } from './plan.js'
import { refuseField } from './refusals.js'
import { findExporter } from './registry.js'
import type { ExportInput } from './schemas.js'
import type { Exporter, ExportPlan, ExportResult, ExportWarning, PlannedPhase } from './types.js'

/**
 * Writes a mixture, or a schedule of mixtures, as a trainer takes it.
 * @param format id of a target: see `EXPORTERS`
 * @throws MixwrightError `export-format-not-found`; `validation-failed` naming every field of the input that is wrong or that
 * the target cannot express
 */
export function exportMixture(format: string, input: ExportInput): ExportResult {
  const exporter = findExporter(format)
  const options = checkedOptions(exporter, input.options ?? {})
  if (input.phases !== undefined && !exporter.phases) {
    refuseField(
      '/phases',
      `The target ${format} knows no phases; export one mixture after the other.`,
    )
  }
  const { plan, warnings } = planExport(input)
  const written = exporter.write(plan, options)
  return {
    format,
    text: written.text,
    mediaType: exporter.mediaType,
    fileName: exporter.fileName,
    unit: exporter.unit,
    realised: written.realised.map(({ startStep, shares }) => ({
      startStep,
      weights: Object.fromEntries(shares.map(({ name, weight }) => [name, weight])),
    })),
    dropped: droppedDomains(plan, written.realised),
    warnings: [...warnings, ...written.warnings, ...unitWarnings(exporter)],
    checksum: hashCanonical(input.phases ?? input.mixture),
  }
}

function checkedOptions(exporter: Exporter, options: Record<string, unknown>): ExportOptions {
  const errors = schemaProblems(exporter.optionsSchema, options)
  if (errors.length === 0) return options
  throw new MixwrightError(
    'validation-failed',
    `The options do not fit the target ${exporter.id}.`,
    errors.map(({ pointer, detail }) => ({ pointer: `/options${pointer}`, detail })),
  )
}

function droppedDomains({ domains }: ExportPlan, realised: readonly PlannedPhase[]): string[] {
  const written = new Set(realised.flatMap(({ shares }) => shares.map(({ name }) => name)))
  return [...domains.keys()].filter((name) => !written.has(name))
}

function unitWarnings({ unitNote }: Exporter): ExportWarning[] {
  return unitNote === undefined ? [] : [{ code: 'unit-differs', message: unitNote }]
}
