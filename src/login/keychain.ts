import { OWN_SERVICE } from '../credentials/source.ts'
import { PaudeError } from '../errors.ts'
import { findProgram, type Host } from '../host.ts'
import type { Argv } from '../plan/plan.ts'
import { capture } from '../run/process.ts'
import type { Secret } from '../secret.ts'
import { printable } from '../text.ts'

/** Programs that speak to the keychain of a desktop. A secret travels on their stdin and stdout alone: argv is for everybody to read. */
export type Keychain = keyof typeof keychains

/** Milliseconds: it may ask you to unlock it. */
const PATIENCE = 60_000

type Access = {
  readonly store: (agent: string, value: Secret) => Promise<void>
  /** '' where it has none. Another service than paude's is that of an entry of your own. */
  readonly find: (account: string, service?: string) => Promise<string>
  /** How you store an entry of your own: it asks for the value. */
  readonly add: (account: string, service: string) => Argv
  /** Gone already is well. */
  readonly remove: (agent: string) => Promise<void>
}

export const keychains = {
  /** libsecret: GNOME Keyring, KWallet and others behind the Secret Service. */
  'secret-tool': access({
    store: (agent) => ['secret-tool', 'store', `--label=paude: ${agent}`, ...attributes(agent)],
    given: (_, value) => value,
    find: (account, service) => ['secret-tool', 'lookup', ...attributes(account, service)],
    add: (account, service) => ['secret-tool', 'store', `--label=${service}`, ...attributes(account, service)],
    remove: (agent) => ['secret-tool', 'clear', ...attributes(agent)],
    // It ends with 1 where there is nothing.
    absent: 1,
  }),
  /** macOS. `security -i` reads its command from stdin; hexadecimal, so that no character of the value means anything to it. */
  security: access({
    store: () => ['security', '-i'],
    given: (agent, value) =>
      `add-generic-password -U -a "${agent}" -s "${OWN_SERVICE}" -l "paude: ${agent}" -X "${Buffer.from(value).toString('hex')}"\n`,
    find: (account, service) => ['security', 'find-generic-password', '-a', account, '-s', service, '-w'],
    add: (account, service) => ['security', 'add-generic-password', '-U', '-a', account, '-s', service, '-w'],
    remove: (agent) => ['security', 'delete-generic-password', '-a', agent, '-s', OWN_SERVICE],
    // errSecItemNotFound
    absent: 44,
  }),
} as const satisfies Readonly<Record<string, Access>>

/** The keychain of this machine, or null where none can be there: a desktop's service answers on the user's own bus. */
export function keychainOf(host: Pick<Host, 'platform' | 'env'>): Keychain | null {
  if (host.platform === 'darwin') return findProgram(host, 'security') === null ? null : 'security'
  const bus = host.env['DBUS_SESSION_BUS_ADDRESS'] || host.env['XDG_RUNTIME_DIR']
  return bus && findProgram(host, 'secret-tool') !== null ? 'secret-tool' : null
}

const attributes = (account: string, service = OWN_SERVICE): readonly string[] => ['service', service, 'account', account]

function access({
  store,
  given,
  find,
  add,
  remove,
  absent,
}: {
  readonly store: (agent: string) => Argv
  readonly given: (agent: string, value: string) => string
  readonly find: (account: string, service: string) => Argv
  readonly add: Access['add']
  readonly remove: (agent: string) => Argv
  readonly absent: number
}): Access {
  const read = async (account: string, service = OWN_SERVICE) => {
    const argv = find(account, service)
    const { code, stdout, stderr } = await call(argv)
    if (code !== 0 && code !== absent) throw failed(argv, code, stderr)
    return code === 0 ? stdout.replace(/\n$/, '') : ''
  }
  return {
    find: read,
    add,
    async store(agent, value) {
      const { code, stderr } = await call(store(agent), given(agent, value.reveal()))
      // An interactive `security` ends with 0 whatever became of its command: what it gives back is the proof.
      if (code !== 0 || (await read(agent)) !== value.reveal())
        // What it complains of may be its stdin.
        throw failed(store(agent), code, stderr.includes(value.reveal()) || /[0-9a-f]{16}/i.test(stderr) ? '' : stderr)
    },
    async remove(agent) {
      const { code, stderr } = await call(remove(agent))
      if (code !== 0 && code !== absent) throw failed(remove(agent), code, stderr)
    },
  }
}

/** At the root, so that no project's files are around it. */
const call = (argv: Argv, stdin?: string) =>
  capture(argv, { folder: '/', signal: AbortSignal.timeout(PATIENCE), ...(stdin === undefined ? {} : { stdin }) })

const failed = ([program]: Argv, code: number, stderr: string): PaudeError =>
  new PaudeError(
    'command-failed',
    `${program} ended with ${code}: ${printable(stderr.trim().split('\n').at(-1) ?? '') || 'it returned nothing'}`,
    { hint: 'unlock the keychain and try again' },
  )
