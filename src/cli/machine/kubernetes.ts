import { backends } from '../../backends/registry.ts'
import { configHere } from '../config/config-here.ts'
import { READS } from '../front-flags.ts'
import { topic, verb } from '../verb.ts'

const args = {
  name: { type: 'positional', required: true, description: 'Who gets the rights, as the cluster calls you: kubectl auth whoami' },
  group: { type: 'boolean', description: 'NAME is a group' },
} as const

export default topic({
  description: 'What a cluster needs for sessions',
  examples: [['paude kubernetes rbac ada', 'the smallest Role for sessions of ada, for an administrator to apply']],
  verbs: {
    rbac: verb({
      description: 'Print the smallest Role, and its RoleBinding',
      details:
        'An administrator of the cluster applies it: paude kubernetes rbac NAME | kubectl apply -f -. It is for the namespace of kubernetes.namespace, and gives no right outside of it.',
      front: READS,
      examples: [
        ['paude kubernetes rbac ada | kubectl apply -f -', 'as an administrator'],
        ['paude kubernetes rbac agents --group', 'for all of a group'],
      ],
      args,
      async run(context, { name, group }) {
        const { config, fault } = await configHere(context)
        if (fault !== null) throw fault
        const to = { kind: group ? 'Group' : 'User', name } as const
        context.answer(backends.kubernetes.health.rights?.(config.settings, to) ?? '')
        return 0
      },
    }),
  },
})
