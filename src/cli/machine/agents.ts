import { shown } from '../../text.ts'
import { json } from '../args.ts'
import { configHere } from '../config/config-here.ts'
import { trustCommand } from '../config/start-config.ts'
import { taking } from '../front-flags.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { type AgentState, lookAgents } from './look-agents.ts'

export default verb({
  description: 'List the agents that can run here',
  details: 'Their releases, their images, and which credential a start would use; never its value.',
  front: { takes: taking('agent', 'image', 'profile', 'ignore-project-config'), acts: false },
  args: { json },
  examples: [
    ['paude agents', 'what can run, and what is missing'],
    ['paude agents --json', 'for scripts'],
  ],
  async run(context, given) {
    const { config, open, fault } = await configHere(context)
    if (fault !== null) throw fault
    for (const { file } of open)
      context.warn(`${shown(file.file)} is not trusted, so its agents are not shown; ${trustCommand(config)}`)
    const agents = await lookAgents(context, config)
    if (given.json) context.answer(JSON.stringify(agents, null, 2))
    else context.answer(table(['AGENT', 'RELEASE', 'IMAGE', 'CREDENTIAL', 'MISSING'], agents.map(row), fit(context.host)))
    return 0
  },
})

const row = ({ name, default: isDefault, version, built, image, provider, credential, missing }: AgentState) => [
  isDefault ? `${name} *` : name,
  version || '-',
  image === '' ? '-' : built.length > 0 ? `on ${built.join(', ')}` : 'not built yet',
  provider === ''
    ? name === 'shell'
      ? 'not needed'
      : 'its own login'
    : credential.source === 'none'
      ? 'none'
      : shown(credential.name || `login ${credential.source}`),
  shown(missing.join('; ')) || '-',
]
