import { Type } from 'typebox'
import { importOptionProperties } from '../../formats/importers/index.js'
import { closed } from './common.js'

const file = (description: string) => Type.String({ contentMediaType: 'text/csv', description })

/** The form of an import, as OpenAPI describes it. */
export const CsvFilesSchema = Type.Object(
  {
    ...importOptionProperties,
    mixtures: file('CSV file: a column with the run id, and one a domain with its weights.'),
    metrics: file('CSV file: a column with the run id, and one a metric with its values.'),
  },
  { ...closed, title: 'A pair of CSV files' },
)
