/** Two domains for OLMo-core. */

export const newExportExample = {
  format: 'olmo-core',
  mixture: { web: 0.7, code: 0.3 },
  domains: [
    { name: 'web', tokens: 4e12 },
    { name: 'code', tokens: 3e11, maxEpochs: 2 },
  ],
  options: {
    paths: { web: 's3://b/web/**/*.npy', code: ['s3://b/code/a.npy', 's3://b/code/b.npy'] },
  },
}

export const exportTextExample = `sources:
  - source_name: web
    target_ratio: 0.7
    paths: [ s3://b/web/**/*.npy ]
    max_repetition_ratio: 4.0
  - source_name: code
    target_ratio: 0.3
    paths: [ s3://b/code/a.npy, s3://b/code/b.npy ]
    max_repetition_ratio: 2.0
`

export const exportExample = {
  format: 'olmo-core',
  text: exportTextExample,
  mediaType: 'application/yaml',
  fileName: 'olmo-core-mixture.yaml',
  unit: 'tokens',
  realised: [{ startStep: 0, weights: { web: 0.7, code: 0.3 } }],
  dropped: [],
  warnings: [],
  checksum: 'eff92ecae1d43e11a2d5d1915a810162c021babc89472c39c665318e144f6372',
}

export const exportFormatExample = {
  id: 'olmo-core',
  title: 'OLMo-core: SourceMixtureList',
  mediaType: 'application/yaml',
  fileName: 'olmo-core-mixture.yaml',
  unit: 'tokens',
  phases: false,
  optionsSchema: {
    type: 'object',
    properties: { tokens: { type: 'integer', minimum: 1 } },
    additionalProperties: false,
  },
}
