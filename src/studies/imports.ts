import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { ImportOptions, ParsedTable, TableUpload } from '../formats/importers/table.js'
import type { ImportRecord } from '../store/records.js'
import { DuplicateRunError, type Store } from '../store/store.js'
import type { Limits } from './limits.js'
import type { Compute } from './ports.js'
import { requireStudy } from './studies.js'

export interface ImportService {
  /**
   * Imports a run table: all of its rows or none. Rows become visible together, when the last one is stored.
   * @param options role, hold-out, fidelity and dryRun of CSV files; a JSON body carries its own
   * @returns `import` is null on a dry run, whose problems are in `table`
   * @throws MixwrightError `rows-invalid`, `run-already-imported`, `too-many-rows`, `validation-failed`, `study-not-found`
   */
  importRuns(
    studyId: string,
    upload: TableUpload,
    options?: ImportOptions,
  ): Promise<{ table: ParsedTable; import: ImportRecord | null }>
  list(studyId: string): Promise<ImportRecord[]>
}

export function createImportService(store: Store, compute: Compute, limits: Limits): ImportService {
  return {
    async importRuns(studyId, upload, options) {
      const { problem } = await requireStudy(store, studyId)
      const importId = uuid()
      let started = false
      try {
        const table = await compute.parseTable(
          { problem, upload, options, maxRows: limits.importRows },
          async ({ options, fidelity, contentHash }) => {
            started = true
            await store.imports.begin({
              id: importId,
              studyId,
              role: options.role,
              holdout: options.holdout,
              fidelity,
              format: upload.format,
              warnings: [],
              evaluations: null,
              contentHash,
            })
          },
          (rowsJson) => store.imports.appendRows(importId, rowsJson),
        )
        if (table.options.dryRun) return { table, import: null }
        if (table.problemCount > 0) throw invalidRows(table)
        const { rowCount, warnings } = table
        return { table, import: await store.imports.complete(importId, { rowCount, warnings }) }
      } catch (error) {
        if (started) await store.imports.discard(importId)
        if (error instanceof DuplicateRunError) throw alreadyImported(error)
        // A study that is deleted takes its open imports along; then that is what there is to say.
        if (!(error instanceof MixwrightError)) await requireStudy(store, studyId)
        throw error
      }
    },
    async list(studyId) {
      await requireStudy(store, studyId)
      return completeImports(store, studyId)
    },
  }
}

/** The imports of a study whose last row is in; what is still being written may yet be refused. */
export async function completeImports(store: Store, studyId: string): Promise<ImportRecord[]> {
  return (await store.imports.list(studyId)).filter(({ state }) => state === 'complete')
}

function invalidRows(table: ParsedTable): MixwrightError {
  const { problemCount, problems } = table
  const shown = problemCount > problems.length ? `; the first ${problems.length} are listed` : ''
  return new MixwrightError(
    'rows-invalid',
    `The table has ${problemCount} problem${problemCount === 1 ? '' : 's'}${shown}. No row was imported.`,
    problems,
  )
}

function alreadyImported({ runIds }: DuplicateRunError): MixwrightError {
  return new MixwrightError(
    'run-already-imported',
    `These run ids are already in the study for the same role, hold-out and fidelity: ${runIds.join(', ')}. No row was imported.`,
    runIds.map((id) => ({ pointer: '/rows', detail: `run "${id}" was imported before` })),
  )
}
