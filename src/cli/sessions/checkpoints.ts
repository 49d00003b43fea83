import { listCheckpoints } from '../../session/clone/checkpoint.ts'
import { findSession } from '../../session/life/find.ts'
import { json, session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { ago } from './session-table.ts'

export default verb({
  description: 'List the checkpoints of a clone',
  front: READS,
  examples: [['paude checkpoints fix-login', 'the newest first']],
  args: { session, json },
  async run(context, given) {
    const found = await findSession(context, given.session)
    const all = await listCheckpoints(context, found)
    if (given.json) context.answer(JSON.stringify(all, null, 2))
    else if (all.length === 0)
      context.note(`no checkpoints; to make one: paude checkpoint ${found.record.name || found.record.id}`)
    else
      context.answer(
        table(
          ['NAME', 'MADE', 'BRANCH', 'COMMIT'],
          all.map(({ name, made, branch, commit }) => [name, ago(made), branch || '-', commit.slice(0, 10)]),
          fit(context.host),
        ),
      )
    return 0
  },
})
