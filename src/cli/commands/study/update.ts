import { Command, InvalidArgumentError } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'
import { UsageError } from '../../failures.js'
import { readJsonInput } from '../../input-files.js'
import { collect, nonEmpty } from '../../options.js'

interface UpdateOptions extends ServiceOptions {
  name?: string
  label?: Record<string, string>
  removeLabel?: string[]
  policy?: string
  json?: boolean
}

const EXAMPLES = `
The policy says how trials are handed out to clients; what the file leaves out stays, for instance:
  { "leaseSeconds": 600, "maxTrials": 200, "earlyStopping": { "rule": "median" } }

Examples:
  mixwright study update 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --name "second try" --label team:data
  mixwright study update 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --policy policy.json --json`

export function updateStudyCommand(): Command {
  const command = new Command('update')
    .description('Changes the name, the labels or the trial policy of a study.')
    .argument('<study>', 'id of the study')
    .option('--name <text>', 'its new name', nonEmpty)
    .option('--label <name:value>', 'a label to add or to replace (repeatable)', collectLabels)
    .option('--remove-label <name>', 'a label to remove (repeatable)', collect)
    .option('--policy <file>', 'JSON file with what is to change of the trial policy')
    .option('--json', 'print the study as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(update)
}

async function update(id: string, options: UpdateOptions): Promise<void> {
  const change = await changeOf(options)
  const api = new ApiClient(serviceUrl(options))
  const { version } = await api.study(id)
  const study = await api.updateStudy(id, version, change)
  process.stdout.write(
    options.json
      ? `${JSON.stringify(study, null, 2)}\n`
      : `Changed the study "${study.name}"; it has version ${study.version} now.\n`,
  )
}

async function changeOf({ name, label, removeLabel = [], policy }: UpdateOptions): Promise<object> {
  const removed = Object.fromEntries(removeLabel.map((removing) => [removing, null]))
  const labels = { ...removed, ...label }
  const change = {
    ...(name !== undefined && { name }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(policy !== undefined && { trialPolicy: await readJsonInput(policy, '--policy') }),
  }
  if (Object.keys(change).length > 0) return change
  throw new UsageError(
    'there is nothing to change',
    'Give --name, --label, --remove-label or --policy.',
  )
}

function collectLabels(text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const colon = text.indexOf(':')
  if (colon < 1) throw new InvalidArgumentError('It must be written name:value.')
  return { ...earlier, [text.slice(0, colon)]: text.slice(colon + 1) }
}
