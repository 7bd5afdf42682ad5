import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'
import { readJsonInput } from '../../input-files.js'

const EXAMPLES = `
The file holds the body of POST /v1/studies, for instance:
  { "name": "my study", "problem": { "corpus": "<id>", "fidelities":
    [{ "name": "tiny", "evaluator": "proxy", "proxy": { "model": "tiny", "tokens": 400000 } }] } }

Examples:
  mixwright study create study.json
  mixwright study create study.json --json`

export function createStudyCommand(): Command {
  const command = new Command('create')
    .description('Creates a study.')
    .argument('<file>', 'JSON file with the study')
    .option('--json', 'print the study as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(create)
}

async function create(file: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  const body = await readJsonInput(file, '<file>')
  const study = await new ApiClient(serviceUrl(options)).createStudy(body)
  const next = study.corpusId === null ? '' : `Search it: mixwright search ${study.id}\n`
  process.stdout.write(
    options.json
      ? `${JSON.stringify(study, null, 2)}\n`
      : `Created the study ${study.id}.\n${next}`,
  )
}
