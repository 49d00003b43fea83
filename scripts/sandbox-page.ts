import { agents } from '../src/agents/registry.ts'
import { networkEnvironment } from '../src/box/environment.ts'
import { readHost } from '../src/host.ts'

/** What every sandbox has besides its image: place, whether the agent may write there, and what it is. A test holds it against a start. */
export const PLACES: readonly (readonly [place: string, access: 'writable' | 'read-only', what: string])[] = [
  ['HOME', 'writable', 'the HOME volume of the project, at the path of your own HOME; settings and conversations of the agent'],
  [
    'the project',
    'writable',
    'the folder itself, or a volume with `--workspace clone`; [guarded paths](guarded-paths.md) in it are read-only or a copy',
  ],
  ['/tmp', 'writable', 'memory, at most 2 GB, empty at every start'],
  ['/run', 'writable', 'memory, at most 16 MB; no program runs from it'],
  ['/dev/shm', 'writable', 'shared memory, as large as `--shm-size` says; no program runs from it'],
  ['/paude/init', 'read-only', "paude's first program: relay, canaries, and the parent of the agent"],
  ['/paude/seed', 'read-only', 'the start script, and settings of the agent that paude brings'],
  ['/paude/uploads', 'read-only', 'files that you send with `paude send`, and pasted images'],
  ['/paude/link', 'read-only', "the proxy's socket, and the certificates to trust"],
  ['/paude/out/conversation', 'writable', 'tells paude which conversation is the last'],
  ['/paude/out/events', 'writable', 'tells paude what the agent does; read as a hostile file'],
  ['/etc/passwd', 'read-only', 'your user name and uid, and no other user of your machine'],
  ['/etc/group', 'read-only', 'your group'],
  ['/etc/resolv.conf', 'read-only', 'no name server; absent with `--network open`'],
  ['/etc/hosts', 'read-only', 'the sandbox alone; absent with `--network open`'],
  ...Object.values(agents).flatMap(({ title, system }) =>
    Object.keys(system).map(
      (place) => [place, 'read-only', `settings and instructions of ${title} that it cannot change`] as const,
    ),
  ),
]

/** Values that need a word. */
const MEANINGS: Readonly<Record<string, string>> = {
  HTTP_PROXY: 'the relay in the sandbox, which leads to the proxy',
  NO_PROXY: 'what stays in the sandbox',
  SSL_CERT_FILE: 'the roots of the image and the certificate authority of the session',
  NODE_EXTRA_CA_CERTS: 'the certificate authority of the session alone',
  NODE_USE_ENV_PROXY: 'has Node.js obey the proxy variables',
}

type Row = readonly [names: string, value: string, what: string]

/** Variables with the same value stand in one row. */
export function variableRows(): readonly Row[] {
  const groups = Map.groupBy(Object.entries(networkEnvironment({ network: { mode: 'restricted' } })), ([, value]) => value)
  return [
    ['`HOME`', 'that of your machine', 'a volume of the project'],
    ...[...groups].map(([value, all]): Row => {
      const names = all.map(([name]) => name)
      return [names.map((name) => `\`${name}\``).join(', '), `\`${value}\``, MEANINGS[names[0] ?? ''] ?? '']
    }),
  ]
}

/** Of each agent, those of a start without a credential of yours in the environment. */
export function agentRows(): readonly Row[] {
  const host = { ...readHost(), env: {} }
  return Object.values(agents).flatMap(({ title, environment }) =>
    Object.entries(environment(host, [])).map(([name, value]): Row => [title, `\`${name}\``, `\`${value}\``]),
  )
}
