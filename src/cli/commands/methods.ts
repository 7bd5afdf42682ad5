import { Command } from 'commander'
import { createMethodService, type MethodDescription } from '../../studies/methods.js'
import { UsageError } from '../failures.js'
import { coloursFor } from '../terminal/colours.js'
import { type ParameterSchema, parametersText } from '../terminal/parameters.js'
import { widthOf, wrapped } from '../terminal/wrapping.js'

const EXAMPLES = `
Examples:
  mixwright methods
  mixwright methods regmix
  mixwright methods --json`

export function methodsCommand(): Command {
  return new Command('methods')
    .summary('list the methods, with parameters and sources')
    .description('Lists the methods; with a name, the parameters of that one.')
    .argument('[name]', 'a method')
    .option('--json', 'print what GET /v1/methods returns (with a name: GET /v1/methods/{name})')
    .addHelpText('after', EXAMPLES)
    .action(methods)
}

function methods(name: string | undefined, options: { json?: boolean }): void {
  const items = createMethodService().list()
  const chosen = name === undefined ? undefined : items.find((method) => method.name === name)
  if (name !== undefined && !chosen) {
    const names = items.map((method) => method.name).join(', ')
    throw new UsageError(`there is no method "${name}"`, `The methods are ${names}.`)
  }
  if (options.json) process.stdout.write(`${JSON.stringify(chosen ?? { items }, null, 2)}\n`)
  else process.stdout.write(chosen ? describe(chosen) : overview(items))
}

function overview(items: readonly MethodDescription[]): string {
  const colours = coloursFor(process.stdout)
  const width = widthOf(process.stdout)
  const indented = (text: string) => wrapped(text, width, '  ')
  const entries = items.map(
    ({ name, title, summary, surrogates, citation }) =>
      `${colours.bold(name)}: ${title}\n` +
      `${indented(summary)}\n` +
      `${colours.dim(indented(`Surrogates: ${surrogates.join(', ') || 'none'}`))}\n` +
      `${colours.dim(indented(`Source: ${citation.authors} ${citation.year}, ${citation.url}`))}\n`,
  )
  return `${entries.join('\n')}\nIts parameters: mixwright methods <name>\n`
}

function describe({
  title,
  summary,
  citation,
  surrogates,
  defaults,
  ...method
}: MethodDescription): string {
  const colours = coloursFor(process.stdout)
  const width = widthOf(process.stdout)
  const properties = (method.paramsSchema.properties ?? {}) as Record<string, ParameterSchema>
  const source = `Source: ${citation.authors}, ${citation.title} (${citation.year}), ${citation.url}`
  return [
    `${colours.bold(method.name)}: ${title}`,
    wrapped(summary, width),
    wrapped(source, width),
    wrapped(`Surrogates: ${surrogates.length === 0 ? 'none' : surrogates.join(', ')}`, width),
    '',
    ...(Object.keys(defaults).length === 0
      ? ['It has no parameters.']
      : ['Parameters:', parametersText(properties, defaults, width, colours)]),
    '',
  ].join('\n')
}
