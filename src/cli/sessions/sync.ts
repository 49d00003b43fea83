import { PaudeError } from '../../errors.ts'
import { syncSession } from '../../session/clone/sync.ts'
import { findSession } from '../../session/life/find.ts'
import { session } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { refusal, tellJson, tellText } from './sync-text.ts'

export default verb({
  description: 'Bring your changed files into a clone',
  details:
    'Files that the agent changed, too, stay as they are. Commits come with paude push, and the work of the agent with paude pull.',
  front: PLANS,
  examples: [
    ['paude sync', "into the clone of this directory's session"],
    ['paude sync fix-login --watch', 'each time that you save, until you press Ctrl-C or the session ends'],
    ['paude sync fix-login --dry-run', 'only show what would be sent'],
  ],
  args: {
    session,
    watch: { type: 'boolean', letter: 'w', description: 'Sync each change, until Ctrl-C or the end of the session' },
    force: { type: 'boolean', letter: 'f', description: 'Overwrite files that the agent changed, too' },
    json: { type: 'boolean', description: 'Print one JSON object per line' },
    'dry-run': { type: 'boolean', description: 'Show what would be sent, and send nothing' },
  },
  async run(context, given) {
    const options = { force: given.force === true, dryRun: given['dry-run'] === true }
    if (given.watch && options.dryRun)
      throw new PaudeError('usage', '--watch and --dry-run cannot be combined', { hint: 'leave one out' })
    const found = await findSession(context, given.session)
    const tell = given.json ? tellJson : tellText
    if (given.watch) {
      const { watchAndSync } = await import('./sync-watch.ts')
      return await watchAndSync(context, found, {
        force: options.force,
        tell: (result) => tell(context, found, { result, dryRun: false }),
      })
    }
    const result = await syncSession(context, found, options)
    tell(context, found, { result, dryRun: options.dryRun })
    if (result.refused.length > 0) throw refusal(found, result.refused)
    return 0
  },
})
