import { pieces } from '../../config/keys/placeholders.ts'
import type { Settings } from '../../config/keys/settings.ts'
import { requireReference } from '../../config/keys/variable-name.ts'
import { readReference } from '../../credentials/reference.ts'
import { type InKeychain, keychainEntry, type OfCodex, type Reference, type Template } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import { type Host, processMark } from '../../host.ts'
import { commandLine } from '../../plan/shell.ts'
import { capture } from '../../run/process.ts'
import { type Secret, secret } from '../../secret.ts'
import { shown } from '../../text.ts'
import { heldReferences } from './variables.ts'

type Machine = Pick<Host, 'env' | 'home' | 'uid' | 'platform'>

/** Milliseconds that a program has to print a secret: it may ask for a fingerprint. */
const PATIENCE = 30_000

/** Bytes of a value that an environment still carries. */
const MOST = 64 * 1024

/**
 * The values that `[env]` refers to. A variable that is not set is left out. Whoever only wants to look gets the names alone:
 * no file is read and no program run.
 */
export async function readReferences(
  { references, env, dryRun, printConfig }: Pick<Settings, 'references' | 'env' | 'dryRun' | 'printConfig'>,
  host: Machine,
  /** File and line of each reference. */
  places: readonly string[] = [],
  /** What asks programs and keychains: a check asks none. */
  run: Ask = asking(host),
): Promise<Readonly<Record<string, Secret>>> {
  const placed = references.map((reference, at) => ({ ...reference, place: places[at] ?? '' }))
  // Kept while this start lasts and no longer: a secret is written into no file.
  const printed = memo(run)
  const read = await Promise.all(
    heldReferences(placed, env).map(async (reference) => {
      requireReference(reference)
      const { name, place } = reference
      const key = place === '' ? `env.${name}` : `env.${name} (${shown(place)})`
      return [name, dryRun || printConfig ? '-' : await followedValue(reference, host, { key, printed })] as const
    }),
  )
  return Object.fromEntries(read.flatMap(([name, value]) => (value === '' ? [] : [[name, secret(value)]])))
}

type Asked = readonly string[] | InKeychain | OfCodex
type Ask = (asked: Asked, key: string) => Promise<string>

const asking =
  (host: Machine): Ask =>
  (asked, key) =>
    'keychain' in asked ? entryValue(asked, host, key) : 'codex' in asked ? codexValue(asked, host) : ask(asked, key)

/** What several names refer to is asked once: it may want a finger on a key. */
function memo(ask: Ask): Ask {
  const known = new Map<string, Promise<string>>()
  return (asked, key) => {
    const words = JSON.stringify(asked)
    const answer = known.get(words) ?? ask(asked, key)
    known.set(words, answer)
    return answer
  }
}

/** What one reference stands for; `key` names it in errors. */
export const readSource = (source: Reference['source'], host: Machine, key: string): Promise<string> =>
  followedValue({ source }, host, { key: shown(key), printed: asking(host) })

async function followedValue(
  { source }: Pick<Reference, 'source'>,
  host: Machine,
  { key, printed }: { readonly key: string; readonly printed: Ask },
): Promise<string> {
  // Files and programs end their last line, which belongs to no secret.
  const value = (
    typeof source === 'string'
      ? readReference(source, host, key)
      : 'template' in source
        ? filled(source, host)
        : await printed(source, key)
  ).replace(/\r?\n$/, '')
  if (value.includes('\0') || value.length > MOST)
    throw new PaudeError(
      'config',
      `${key}: ${value.length > MOST ? 'too long for an environment variable' : 'contains a NUL byte'}`,
      {
        hint: 'remove the NUL byte',
      },
    )
  if (value === '' && Array.isArray(source))
    throw new PaudeError('config', `${key}: ${source[0]} printed nothing`, { hint: `try it: ${commandLine(source)}` })
  return value
}

/** A text with the caller's variables in their places. */
const filled = ({ template }: Template, { env }: Pick<Host, 'env'>): string =>
  pieces(template, [])
    .map((piece) =>
      piece.kind === 'text' ? piece.text : piece.kind === 'localEnv' ? (env[piece.name] ?? piece.fallback ?? '') : '',
    )
    .join('')

/** A part of the login that Codex keeps, renewed where that is due. */
async function codexValue({ codex, part }: OfCodex, host: Machine): Promise<string> {
  const { chatgptLogin } = await import('../../login/chatgpt.ts')
  return (await chatgptLogin({ ...host, process: processMark(process.pid) }, codex))[part].reveal()
}

/** What the keychain of this machine has. It may ask you to unlock it. */
async function entryValue(source: InKeychain, host: Machine, key: string): Promise<string> {
  const { keychainOf, keychains } = await import('../../login/keychain.ts')
  const keychain = keychainOf(host)
  if (keychain === null)
    throw new PaudeError('config', `${key}: there is no keychain here that paude can ask for ${source.keychain}`, {
      hint:
        host.platform === 'darwin'
          ? 'put security into PATH, or write "file:PATH"'
          : 'install secret-tool and start paude in your desktop session, or write "file:PATH"',
    })
  const { service, account } = keychainEntry(source)
  const { find, add } = keychains[keychain]
  const value = await find(account, service).catch((cause: unknown) => {
    if (!(cause instanceof PaudeError)) throw cause
    throw new PaudeError(cause.code, `${key}: ${cause.message}`, { hint: cause.hint, cause })
  })
  if (value !== '') return value
  throw new PaudeError('config', `${key}: the keychain (${keychain}) has no entry ${source.keychain}, or is locked`, {
    hint: `unlock it, or store the entry: ${commandLine(add(account, service))}`,
  })
}

/** What a program prints. Its words may hold no secret, and what it says on stderr is shown. */
async function ask([program = '', ...words]: readonly string[], key: string): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE)
  const { code, stdout, stderr } = await capture([program, ...words], { folder: '/', signal }).catch((cause: unknown) => {
    // In a start that is the user's own program, and has an exit code of its own.
    if (!(cause instanceof PaudeError)) throw cause
    throw new PaudeError('config', `${key}: ${cause.message}`, { hint: cause.hint, cause })
  })
  if (code === 0) return stdout
  const why = signal.aborted
    ? `did not end within ${PATIENCE / 1000} s`
    : `ended with ${code}: ${stderr.trim().split('\n').at(-1) ?? ''}`
  throw new PaudeError('command-failed', `${key}: ${program} ${why}`, { hint: `try it: ${commandLine([program, ...words])}` })
}
