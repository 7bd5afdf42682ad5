import { Type } from 'typebox'
import {
  FILE_FORMATS,
  FILE_IMPORTERS,
  importOptionProperties,
  PAIR_FORMATS,
  ReadingOptionsSchema,
} from '../../formats/importers/index.js'
import { closed } from './common.js'

const file = (contentMediaType: string, description: string) =>
  Type.Optional(Type.String({ contentMediaType, description }))

const titles = FILE_FORMATS.map((format) => `\`${format}\`: ${FILE_IMPORTERS[format].title}.`)

const { metricNames: _, domainNames: __, ...readingProperties } = ReadingOptionsSchema.properties

const map = (description: string, example: Record<string, string>) =>
  Type.Optional(
    Type.String({
      contentMediaType: 'application/json',
      description: `JSON object: ${description}`,
      examples: [JSON.stringify(example)],
    }),
  )

/** The form of an import, as OpenAPI describes it. */
export const ImportFormSchema = Type.Object(
  {
    format: Type.Optional(
      Type.Enum([...PAIR_FORMATS, ...FILE_FORMATS], {
        description:
          '`csv` (the default; also `regmix-csv`, `olmix-csv`): the files `mixtures` and `metrics`. All others: one `file` or ' +
          `several, and \`mixtures\` where they hold none. ${titles.join(' ')}`,
      }),
    ),
    ...importOptionProperties,
    mixtures: file(
      'text/csv',
      'CSV: a column with the run id, and one a domain with its weights. Beside files of results also JSON lines.',
    ),
    metrics: file(
      'text/csv',
      'CSV: a column with the run id, and one a metric with its values. For the pairs only.',
    ),
    file: Type.Optional(
      Type.Array(Type.String({ contentMediaType: 'application/octet-stream' }), {
        description:
          'Files of results, each as a part of its own, with a file name; the name may hold a folder, which may name the run.',
      }),
    ),
    metricNames: map('name of a metric in the files → name of the metric in the study.', {
      'eval/loss': 'loss',
    }),
    domainNames: map(
      'name of a parameter or column in the files → the domain whose weight it holds.',
      {
        'config.web_share': 'web',
      },
    ),
    ...readingProperties,
  },
  { ...closed, title: 'Files of runs' },
)
