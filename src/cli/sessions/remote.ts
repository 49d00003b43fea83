import { addCloneRemote, removeCloneRemote } from '../../session/clone/remote.ts'
import { findSession } from '../../session/life/find.ts'
import { session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { topic, verb } from '../verb.ts'

export default topic({
  description: 'Let your git fetch from the clone of a session',
  details: 'The remote goes with the session. What git fetches passes the checks of paude pull.',
  examples: [
    ['paude remote add fix-login', 'then git fetch paude-fix-login'],
    ['paude remote rm fix-login', 'take it out of .git/config again'],
  ],
  verbs: {
    add: verb({
      description: 'Add the clone of a session to your repository as a remote',
      details: 'It writes the remote to .git/config, and the name git-remote-paude beside paude, by which git finds it.',
      front: ACTS,
      examples: [['paude remote add fix-login', 'then git fetch paude-fix-login']],
      args: { session },
      async run(context, given) {
        context.answer(addCloneRemote(context, await findSession(context, given.session)))
        return 0
      },
    }),
    rm: verb({
      description: 'Remove the remote of a session from your repository',
      details: 'What git fetched stays.',
      front: ACTS,
      examples: [['paude remote rm fix-login', 'its commits stay']],
      args: { session },
      async run(context, given) {
        const { record } = await findSession(context, given.session)
        if (!removeCloneRemote(context, record)) context.note(`the repository has no remote of session ${record.id}`)
        return 0
      },
    }),
  },
})
