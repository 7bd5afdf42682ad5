/** One line of Prometheus' text form. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export interface Exposition {
  samples: Sample[]
  /** By the name of the metric. */
  types: Map<string, string>
  help: Map<string, string>
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (nan|[+-]inf|[-+0-9.e]+)$/i
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y

/**
 * Reads Prometheus' text form 0.0.4, and throws at a line that is none of it.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseExposition(text: string): Exposition {
  const exposition: Exposition = { samples: [], types: new Map(), help: new Map() }
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, keyword, about, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (keyword) exposition[keyword === 'HELP' ? 'help' : 'types'].set(about, rest)
    else exposition.samples.push(parseSample(line))
  }
  return exposition
}

function parseSample(line: string): Sample {
  const match = SAMPLE.exec(line)
  if (!match) throw new Error(`not a sample: ${line}`)
  const [, name, labelText = '', value] = match
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < labelText.length) {
    const label = LABEL.exec(labelText)
    if (!label) throw new Error(`not labels: ${labelText}`)
    labels[label[1]] = label[2]
  }
  return { name, labels, value: Number(value.replace(/inf/i, 'Infinity')) }
}

/** Samples of a name whose labels include those given. */
export function samplesOf(
  { samples }: Exposition,
  name: string,
  labels: Record<string, string> = {},
): Sample[] {
  return samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
}
