import { resolve } from 'node:path'
import { PaudeError } from '../../errors.ts'
import { requirePrivate } from '../../state.ts'
import { shown } from '../../text.ts'
import { below } from '../../workspace/paths.ts'
import { lastOne } from '../args.ts'
import { canAsk } from '../config/start-config.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { askSync, bring } from './ask-sync.ts'
import { configText } from './config-text.ts'
import { findConfig } from './find-config.ts'

export default verb({
  description: "Bring a session's changes of the agents' configuration into the project",
  details: 'It shows each file, names what would run programs on your machine, and asks.',
  front: ACTS,
  examples: [
    ['paude sync-config', 'ask for each file that the session changed'],
    ['paude sync-config b7k .claude/commands', 'only what is there'],
    ['paude sync-config b7k CLAUDE.md --yes', 'without a question'],
  ],
  args: {
    session: { type: 'positional', description: 'Session (default: the one of this directory)', offers: 'sessions' },
    paths: { type: 'positional', many: true, description: 'Files and folders to bring back (default: all)', offers: 'files' },
    yes: { type: 'boolean', description: 'Bring them back without a question' },
    last: lastOne,
  },
  async run(context, given) {
    const found = await findConfig(context, given.session, given.last === true)
    const { record, changes } = found
    const paths = given.paths.map((path) => resolve(context.host.cwd, path))
    for (const [at, path] of paths.entries())
      if (!changes.some((one) => below(path, one.path)))
        throw new PaudeError('not-found', `session ${record.id} changed no configuration at ${shown(given.paths[at] ?? '')}`, {
          hint: `paude config-changes ${record.id}`,
        })
    const wanted = paths.length === 0 ? changes : changes.filter((one) => paths.some((path) => below(path, one.path)))
    if (wanted.length === 0) {
      context.note("the session changed nothing of the agents' configuration")
      return 0
    }
    requirePrivate(context.host)
    if (given.yes !== true && !canAsk(context))
      throw new PaudeError('usage', 'paude sync-config needs a terminal to ask on', {
        hint: `look first: paude config-changes ${record.id}; then add --yes`,
      })
    if (given.yes !== true) return askSync(context, { ...found, changes: wanted })
    for (const change of wanted) context.note(configText(record, change, change.risks))
    return bring(context, { ...found, changes: wanted })
  },
})
