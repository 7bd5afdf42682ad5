import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type {
  ImportOptions,
  ParsedTable,
  TableUpload,
  UploadedFile,
} from '../formats/importers/table.js'
import type { DataFolder } from '../store/data-folder.js'
import type { ImportRecord } from '../store/records.js'
import { DuplicateRunError, type Store } from '../store/store.js'
import {
  alreadyImported,
  incompatible,
  invalidRows,
  refuseIncompatible,
  withConflicts,
} from './import-refusals.js'
import type { Limits } from './limits.js'
import type { Compute } from './ports.js'
import { type Listing, listing, requireStudy } from './studies.js'

export interface ImportService {
  /**
   * Imports a run table: all of its rows or none. Rows become visible together, when the last one is stored.
   * @param options what the fields of a form say; a JSON body carries its own
   * @param id of what is made, where the request may be sent again: what an earlier try has made is returned
   * @returns `import` is null on a dry run, whose problems are in `table`
   * @throws MixwrightError `rows-invalid`, `import-format-mismatch`, `evaluations-incompatible`, `run-already-imported`,
   *   `too-many-rows`, `validation-failed`, `study-not-found`
   */
  importRuns(
    studyId: string,
    upload: TableUpload,
    options?: ImportOptions,
    id?: string,
  ): Promise<{ table: ParsedTable; import: null } | { table?: ParsedTable; import: ImportRecord }>
  /**
   * A place for files of results until they are imported. Remove it afterwards, whatever became of them.
   * @throws MixwrightError `study-not-found`
   */
  receive(studyId: string): Promise<ReceivedFiles>
  /** In the order of creation. @throws MixwrightError `study-not-found` */
  list(studyId: string, query: { limit: number; after?: string }): Promise<Listing<ImportRecord>>
}

export interface ReceivedFiles {
  readonly files: readonly UploadedFile[]
  /**
   * Stores a file as it comes.
   * @param name as the client calls it; no path of ours
   * @throws MixwrightError `quota-exceeded`, `disk-full`, or what the stream throws
   */
  add(name: string, content: AsyncIterable<Uint8Array>): Promise<void>
  remove(): Promise<void>
}

export function createImportService(
  store: Store,
  compute: Compute,
  limits: Limits,
  dataFolder: DataFolder,
): ImportService {
  return {
    async importRuns(studyId, upload, options, id) {
      const { problem } = await requireStudy(store, studyId)
      const importId = id ?? uuid()
      const made = id === undefined ? undefined : await madeBefore(id)
      if (made) return { import: made }
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
        if (table.options.dryRun) {
          return { table: withConflicts(table, await importsOf(studyId)), import: null }
        }
        if (table.problemCount > 0) throw invalidRows(table)
        const { rowCount, warnings, evaluations, conflicts = [] } = table
        if (conflicts.length > 0) throw incompatible(conflicts)
        const accept = (earlier: readonly ImportRecord[]) => refuseIncompatible(earlier, table)
        const summary = { rowCount, warnings, evaluations }
        return { table, import: await store.imports.complete(importId, summary, accept) }
      } catch (error) {
        if (started) await store.imports.discard(importId)
        if (error instanceof DuplicateRunError) throw alreadyImported(error)
        // A study that is deleted takes its open imports along; then that is what there is to say.
        if (!(error instanceof MixwrightError)) await requireStudy(store, studyId)
        throw error
      }
    },

    async receive(studyId) {
      await requireStudy(store, studyId)
      const id = uuid()
      const files: UploadedFile[] = []
      return {
        files,
        async add(name, content) {
          const { file, ...written } = await dataFolder.writeImportFile(id, files.length, content)
          files.push({ name, path: file, ...written })
        },
        remove: () => dataFolder.removeImport(id),
      }
    },

    async list(studyId, { limit, after }) {
      await requireStudy(store, studyId)
      return listing(await store.imports.page(studyId, { limit: limit + 1, after }), limit)
    },
  }

  /** An earlier try may also have died in the middle. */
  async function madeBefore(id: string): Promise<ImportRecord | undefined> {
    const record = await store.imports.get(id)
    if (record?.state === 'staging') await store.imports.discard(id)
    return record?.state === 'complete' ? record : undefined
  }

  function importsOf(studyId: string): Promise<ImportRecord[]> {
    return completeImports(store, studyId)
  }
}

/** The imports of a study whose last row is in; what is still being written may yet be refused. */
export async function completeImports(store: Store, studyId: string): Promise<ImportRecord[]> {
  return (await store.imports.list(studyId)).filter(({ state }) => state === 'complete')
}
