import { CONTEXT, isPodmanAddress, isRemoteAddress } from '../box/remote.ts'
import { row } from '../key.ts'
import { type FarName, farNames, REMOTE_FORM, REMOTE_NAME } from './names.ts'

/** An engine of another machine as the configuration has it: an address, or what its client calls it. */
export type SaidRemote = {
  readonly name: string
  readonly engine: FarName
  /** '' where `known` says it. */
  readonly at: string
  /** A context of docker's client or a connection of podman's; '' for none. */
  readonly known: string
  /** File of podman's ssh key; '' for none. */
  readonly identity: string
}

/** `[remotes]`. */
export const remoteKeys = {
  /** Engines of other machines. Yours alone: a project would choose where your code and your credential go. */
  remotes: row({
    key: 'remotes',
    meaning: `Engines on other machines, by name: --backend ${REMOTE_FORM}`,
    parts: {
      'NAME.engine': 'docker or podman; without it docker, or podman where a connection is given',
      'NAME.host': 'Where it is reached, like ssh://you@build.example.org; of podman with the path of its socket over there',
      'NAME.identity': 'File of the ssh key for podman, which does not read ~/.ssh/config',
      'NAME.context': 'Instead of host, a context of docker (docker context ls)',
      'NAME.connection': 'Instead of host, a connection of podman (podman system connection list)',
    },
    initial: [] as readonly SaidRemote[],
    schema: (v) =>
      v.pipe(
        v.record(
          v.pipe(v.string(), v.regex(REMOTE_NAME, 'is not a name for a machine: use lower-case letters, digits and inner - . _')),
          v.pipe(
            v.strictObject({
              engine: v.optional(v.picklist(farNames)),
              host: v.optional(v.string()),
              identity: v.optional(v.pipe(v.string(), v.regex(/^(\/|~\/)[^\n]+$/, 'must be the path of a file, from / or ~/'))),
              context: v.optional(v.pipe(v.string(), v.regex(CONTEXT, 'must be the name of a context: docker context ls'))),
              connection: v.optional(
                v.pipe(v.string(), v.regex(CONTEXT, 'must be the name of a connection: podman system connection list')),
              ),
            }),
            v.check(
              (said) => [said.host, said.context, said.connection].filter((one) => one !== undefined).length === 1,
              'needs one of host, context and connection',
            ),
            v.transform(({ engine, ...said }) => ({
              ...said,
              engine: engine ?? (said.connection === undefined ? ('docker' as const) : ('podman' as const)),
            })),
            v.check(
              ({ engine, host }) => host === undefined || engine === 'podman' || isRemoteAddress(host),
              'must have an address in host, like ssh://you@build.example.org[:port]',
            ),
            v.check(
              ({ engine, host }) => host === undefined || engine === 'docker' || isPodmanAddress(host),
              'must have an address with the path of a socket in host, like ssh://you@build.example.org/run/user/1000/podman/podman.sock',
            ),
            v.check(({ engine, context }) => engine === 'docker' || context === undefined, 'has a context, which is of docker'),
            v.check(
              ({ engine, connection, identity }) => engine === 'podman' || (connection === undefined && identity === undefined),
              'has what is of podman: write engine = "podman", too',
            ),
          ),
        ),
        v.transform((table) =>
          Object.entries(table).map(
            ([name, { engine, host = '', identity = '', context, connection }]): SaidRemote => ({
              name,
              engine,
              at: host,
              known: context ?? connection ?? '',
              identity,
            }),
          ),
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
