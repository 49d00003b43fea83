import { CONTEXT, isRemoteAddress, type Remote } from '../box/remote.ts'
import { row } from '../key.ts'
import { REMOTE_FORM, REMOTE_NAME } from './names.ts'

/** `[remotes]`. */
export const remoteKeys = {
  /** Engines of other machines. Yours alone: a project would choose where your code and your credential go. */
  remotes: row({
    key: 'remotes',
    meaning: `Engines on other machines, by name: --backend ${REMOTE_FORM}`,
    parts: {
      'NAME.host': 'Where docker is reached, like ssh://you@build.example.org, or tcp://… with a login of its client',
      'NAME.context': 'Instead of host, a context of docker (docker context ls)',
    },
    initial: [] as readonly Remote[],
    schema: (v) =>
      v.pipe(
        v.record(
          v.pipe(v.string(), v.regex(REMOTE_NAME, 'is not a name for a machine: use lower-case letters, digits and inner - . _')),
          v.pipe(
            v.strictObject({
              host: v.optional(
                v.pipe(v.string(), v.check(isRemoteAddress, 'must be an address like ssh://you@build.example.org[:port]')),
              ),
              context: v.optional(v.pipe(v.string(), v.regex(CONTEXT, 'must be the name of a context: docker context ls'))),
            }),
            v.check(({ host, context }) => (host === undefined) !== (context === undefined), 'needs either host or context'),
          ),
        ),
        v.transform((table) =>
          Object.entries(table).map(([name, { host, context }]): Remote => ({ name, at: host ?? context ?? '' })),
        ),
      ),
    rule: 'own',
    onHost: true,
    withoutBox: 'free',
    notIn: {
      project: 'write it into your own config.toml: it decides which machine gets your code and your credential',
      managed: 'it is for each user; to allow one engine, write backend = "NAME"',
    },
  }),
}
