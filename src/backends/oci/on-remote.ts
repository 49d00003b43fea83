import { sharedMemory } from '../../box/extra-flags.ts'
import { type Remote, titleOf } from '../../box/remote.ts'
import { PaudeError } from '../../errors.ts'
import type { Argv } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Backend, Far, Health } from '../backend.ts'
import type { BackendSettings } from '../keys.ts'

type Elsewhere = {
  readonly remote: Remote
  /** The client, with the words that send it there. */
  readonly client: Argv
  readonly unfit: Health['unfit']
  readonly version: ReturnType<Health['version']>
  readonly flags: (settings: BackendSettings) => readonly string[]
  /** What a start asks of the machine, once; `title` is what people read, and `fault` says why it does not answer. */
  readonly far: (title: string, fault: (argv: Argv, words: string) => PaudeError) => Query<Far>
  readonly way?: Health['way']
}

/** An engine like `usual` on another machine. Nobody of this machine is in a box over there, so nobody there need be you; and nothing of others there is looked at. */
export function onRemote(usual: Backend, { remote, client, unfit, version, flags, far, way }: Elsewhere): Backend {
  const title = titleOf(usual.name, remote)
  const ours = (boxes: readonly { readonly id: string }[]) => new Set(boxes.map(({ id }) => id))
  const { inventory, health } = usual
  const mend = `see what the client says: ${client.join(' ')} version`
  const explain: Health['explain'] = (failure) => farFailure(title, mend, health.explain(failure))
  return {
    ...usual,
    remote,
    user: () => ({ uid: 1000, gid: 1000 }),
    own: (settings) => ({
      kind: 'oci',
      extraFlags: flags(settings),
      sharedMemory: sharedMemory(flags(settings)),
      link: 'volume',
      selinux: false,
    }),
    inventory: {
      ...inventory,
      sessions: (boxes) => inventory.sessions(boxes).map(only((row) => ours(boxes()).has(row.id))),
      parts: (boxes) => inventory.parts(boxes).map(only((row) => ours(withIds(boxes())).has(row.session))),
      volumes: (boxes) =>
        inventory
          .volumes(boxes)
          .map(only((row) => ours(boxes()).has(row.session) || boxes().some(({ homeVolume }) => homeVolume === row.reference))),
    },
    health: {
      ...health,
      unfit,
      reach: () => ({ look: 'program' }),
      variables: [],
      version: () => version,
      brief: () => version,
      far: far(title, (argv, stderr) => explain({ argv, code: 1, stdout: '', stderr })),
      ...(way === undefined ? {} : { way }),
      checks: () => [],
      machine: () => [],
      mend: { ...health.mend, down: mend, silent: mend, denied: mend },
      explain,
    },
  }
}

/** Backends of other machines: the same place is the same object. */
export function byPlace(make: (remote: Remote) => Backend): (remote: Remote) => Backend {
  const known = new Map<string, Backend>()
  return ({ name, at, identity }) => {
    const remote = { name, at, ...(identity === undefined ? {} : { identity }) }
    const key = JSON.stringify(remote)
    const backend = known.get(key) ?? make(remote)
    known.set(key, backend)
    return backend
  }
}

const only =
  <Row>(fits: (row: Row) => boolean) =>
  (query: Query<readonly Row[]>): Query<readonly Row[]> => ({
    ...query,
    parse: (stdout) => query.parse(stdout).filter(fits),
  })

const withIds = (boxes: readonly object[]): readonly { readonly id: string }[] =>
  boxes.filter((box): box is { readonly id: string } => 'id' in box)

/** What ssh or the client says behind its own words for a way that does not work. */
const SAID = /stderr=([^\n]+)|unable to connect to Podman(?: socket)?: (?:Get "[^"]*": )?([^\n]+)|failed to connect: ([^\n]+)/

/** What is wrong with the way there is not mended here. */
function farFailure(title: string, hint: string, error: PaudeError): PaudeError {
  if (error.code !== 'backend-down' && error.code !== 'backend-denied') return error
  const said =
    SAID.exec(String((error.cause as Error | undefined)?.message ?? ''))
      ?.slice(1)
      .find(Boolean) ?? ''
  return new PaudeError(error.code, `${title} does not answer${said === '' ? '' : `: ${said.trim()}`}`, {
    hint,
    cause: error.cause,
  })
}
