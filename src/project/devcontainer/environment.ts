import type { LifecycleStep } from '../../box/lifecycle-step.ts'
import { requireVariableName } from '../../config/keys/variable-name.ts'
import { KEPT_OUTSIDE } from '../../credentials/outside.ts'
import type { Reference } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import { STEERS_CLIENT } from '../../run/client-variables.ts'
import { piecesOf, type Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

export type Environment = {
  /** `NAME=VALUE`. */
  readonly env: readonly string[]
  /** Those whose values are the caller's. */
  readonly references: readonly Reference[]
  /** Those made of what the box has already. */
  readonly exports: readonly LifecycleStep[]
  /** Names with the reason why they are left out. */
  readonly ignored: readonly string[]
}

/** What decides which programs run is set when those have run that check the mounts of the box: it may lead into the project. */
const DECIDES = /^(PATH|LD_.*)$/

/** Where home and settings lie: elsewhere nothing is kept, or may be written. */
const PLACES = /^(HOME|CLAUDE_CONFIG_DIR|CODEX_HOME)$/

const NONE: Environment = { env: [], references: [], exports: [], ignored: [] }

/** Variables of the box; remoteEnv has the last word, and `flags` of runArgs the first. A value of the caller's is not looked up here: it is named until somebody has agreed. */
export function readEnvironment(
  { containerEnv = {}, remoteEnv = {} }: Devcontainer,
  flags: Readonly<Record<string, string>>,
  scope: Scope,
): Environment {
  const [first, last] = [readTable('containerEnv', containerEnv, scope), readTable('remoteEnv', remoteEnv, scope)]
  return over(over(readTable('runArgs', flags, scope), first), last)
}

/** The later of two has the last word. */
function over(before: Environment, after: Environment): Environment {
  const later = new Set(after.references.map(({ name }) => name))
  return joined([{ ...before, env: before.env.filter((entry) => !later.has(entry.slice(0, entry.indexOf('=')))) }, after])
}

const readTable = (key: string, table: Readonly<Record<string, string | null>>, scope: Scope): Environment =>
  joined(Object.entries(table).map(([name, value]) => readOne({ key, name, value }, scope)))

const joined = (parts: readonly Environment[]): Environment => ({
  env: parts.flatMap(({ env }) => env),
  references: parts.flatMap(({ references }) => references),
  exports: parts.flatMap(({ exports }) => exports),
  ignored: parts.flatMap(({ ignored }) => ignored),
})

function readOne(
  { key, name, value }: { readonly key: string; readonly name: string; readonly value: string | null },
  scope: Scope,
): Environment {
  const without = (why: string): Environment => ({ ...NONE, ignored: [`${key}.${name} (${why})`] })
  const fault = PLACES.test(name) ? 'the sandbox has its own' : nameFault(name)
  if (fault !== null) return without(fault)
  if (value === null) return without('paude cannot unset a variable')
  const parts = piecesOf(value, `${key}.${name}`, scope)
  const callers = parts.flatMap((part) => (part.kind === 'localEnv' ? [part] : []))
  const kept = callers.find((part) => KEPT_OUTSIDE.includes(part.name))
  if (kept !== undefined) return without(`${kept.name} stays outside the sandbox`)
  if (callers.length > 0 && STEERS_CLIENT.test(name)) return without("the engine's client obeys it itself")
  const text = parts.map(written).join('')
  const boxes = parts.some(({ kind }) => kind === 'containerEnv')
  if (boxes && callers.length > 0) return without('mixes environment variables of the sandbox and of this machine')
  if (boxes || DECIDES.test(name)) return { ...NONE, exports: [{ kind: 'export', name, value: text }] }
  if (callers.length === 0) return { ...NONE, env: [`${name}=${text}`] }
  const [only] = parts.length === 1 ? callers : []
  const source = only?.fallback === null ? `env:${only.name}` : { template: text }
  return { ...NONE, references: [{ name, source }] }
}

const written = (part: ReturnType<typeof piecesOf>[number]): string =>
  part.kind === 'text' ? part.text : `\${${part.kind}:${part.name}${part.fallback === null ? '' : `:${part.fallback}`}}`

function nameFault(name: string): string | null {
  try {
    requireVariableName(name)
    return null
  } catch (error) {
    if (error instanceof PaudeError) return error.message
    throw error
  }
}
