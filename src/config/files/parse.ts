import TOML from '@iarna/toml'
import * as v from 'valibot'
import { PaudeError } from '../../errors.ts'
import { shortened, shown } from '../../text.ts'
import { unreadable } from '../keys/readers.ts'
import { withKey } from '../keys/said.ts'
import { ConfigFile, type Profile } from '../keys/schema.ts'
import type { Layer, Source } from '../keys/settings.ts'
import { valueAt } from '../keys/value-at.ts'
import { allRows } from '../sections/rows.ts'
import { faultOf } from './faults.ts'
import { withoutLongLists } from './long-lists.ts'
import { lineFinder } from './toml-entries.ts'

/** A file of configuration as it was read; `text` is null when it exists but could not be. */
export type Written = {
  readonly layer: 'user' | 'project' | 'managed'
  readonly file: string
  readonly text: string | null
}

export type Parsed = {
  /** What holds always, and then what the profile says, where the file has it. */
  readonly sources: readonly Source[]
  readonly profiles: readonly string[]
}

/** What each file said when it was last read. */
const READ = new Map<string, { readonly written: Written; readonly profile: string; readonly parsed: Parsed }>()

/**
 * Reads one file. A broken one is fatal, never skipped. A start asks twice, first for the agent that its words are for, and a long list
 * takes its time: the same text is read once.
 */
export function parseConfig(written: Written, profile = ''): Parsed {
  const before = READ.get(written.file)
  if (before?.written.text === written.text && before.written.layer === written.layer && before.profile === profile)
    return before.parsed
  const { parsed, faults } = readConfig(written, profile)
  if (parsed === null) throw faults[0]
  READ.set(written.file, { written, profile, parsed })
  return parsed
}

/** Everything that is wrong with a file. What is not valid TOML or of an unknown version is told alone: the rest of it cannot be read. */
export function faultsOf(written: Written): readonly PaudeError[] {
  try {
    return readConfig(written, '').faults
  } catch (error) {
    if (error instanceof PaudeError) return [error]
    throw error
  }
}

type Issue = v.BaseIssue<unknown>

/**
 * Everything that the schema does not take, and what the file says without that, so that it can be judged too; null where nothing is left.
 * Of each table valibot tells one unknown key alone; without that one it tells the next.
 */
function everyIssue(found: unknown): {
  readonly issues: readonly Issue[]
  readonly rest: v.InferOutput<typeof ConfigFile> | null
} {
  const result = v.safeParse(ConfigFile, found)
  if (result.success) return { issues: [], rest: result.output }
  const unknown = result.issues.filter(({ expected, path = [] }) => expected === 'never' && path.length > 0)
  const issues = unknown.length > 0 ? unknown : result.issues
  const less = structuredClone(found)
  if (!issues.map((issue) => takeOut(less, issue)).includes(true)) return { issues, rest: null }
  const again = everyIssue(less)
  return { issues: [...issues, ...again.issues], rest: again.rest }
}

/** Takes the wrong value out of a file, or the list or table that it belongs to. Returns whether it was there. */
function takeOut(file: unknown, { path: places, received }: Issue): boolean {
  const path = places ?? []
  const keys = path.map(({ key }) => String(key))
  const list = path.findIndex(({ input }) => Array.isArray(input))
  const whole = list !== -1 ? keys.slice(0, list) : received === 'undefined' ? keys.slice(0, -1) : keys
  const last = whole.at(-1)
  const table = whole.slice(0, -1).reduce<unknown>((inner, key) => Object(inner)[key], file)
  return last !== undefined && Object.hasOwn(Object(table), last) && Reflect.deleteProperty(Object(table), last)
}

type Reading =
  | { readonly parsed: Parsed; readonly faults: readonly [] }
  | { readonly parsed: null; readonly faults: readonly PaudeError[] }

function readConfig(written: Written, profile: string): Reading {
  const { file, layer, text } = written
  if (text === null) throw new PaudeError('config', `cannot read ${file}`, { hint: `check its permissions, or remove it` })
  const at = placer(file, text)
  const found = parseToml(file, text)
  refuseVersion(found, at)
  const names = wrongNames(found, at)
  const { issues, rest } = everyIssue(found)
  const unlike = issues
    .map((issue) => faultOf(issue))
    .map(({ path, message, hint }) => wrong(`${at(path)}: ${message}`, { hint: hint || mending(layer) }))
  if (rest === null) return { parsed: null, faults: inOrder([...names, ...unlike]) }
  const { profiles = {}, version: _, ...always } = rest
  const parts = [['', always] as const, ...Object.entries(profiles).map(([name, part]) => [`profiles.${name}.`, part] as const)]
  const faults = [
    ...names,
    ...unlike,
    ...foreignKeys({ layer, at }, parts),
    ...unreadableValues({ layer, at }, parts),
    ...(layer === 'managed' && Object.keys(profiles).length > 0
      ? [foreign({ layer, at }, 'profiles', { key: 'profiles', why: 'a managed file has no profiles' })]
      : []),
  ]
  if (faults.length > 0) return { parsed: null, faults: inOrder(faults) }
  const chosen = profile !== '' && Object.hasOwn(profiles, profile) ? profiles[profile] : undefined
  const sources = [
    sourceOf({ layer, at }, '', always),
    ...(chosen ? [sourceOf({ layer, at }, `profiles.${profile}.`, chosen)] : []),
  ]
  return { parsed: { sources, profiles: Object.keys(profiles) }, faults: [] }
}

/** By their lines, which their messages begin with. */
const inOrder = (faults: readonly PaudeError[]): readonly PaudeError[] => {
  const line = ({ message }: PaudeError) => Number(/:(\d+): /.exec(message)?.[1] ?? 0)
  return faults.toSorted((one, other) => line(one) - line(other))
}

/** What to do about a file that says something wrong. */
export const mending = (layer: Written['layer']): string =>
  ({
    user: 'paude config edit',
    project: 'paude config edit --project, or go on without it: paude --ignore-project-config',
    managed: 'ask the administrator of this machine',
  })[layer]

/** What the schema would leave out without a word. */
const NO_NAMES = ['__proto__', 'prototype', 'constructor']

function wrongNames(found: unknown, at: Placer): readonly PaudeError[] {
  const { env, agents, profiles } = found as { readonly env?: unknown; readonly agents?: unknown; readonly profiles?: unknown }
  const parts = Object.entries(Object(profiles)).flatMap(([name, part]) =>
    (['env', 'agents'] as const).map(
      (section) => [`profiles.${name}.${section}`, (part as Readonly<Record<string, unknown>> | null)?.[section]] as const,
    ),
  )
  return [['profiles', profiles] as const, ['env', env] as const, ['agents', agents] as const, ...parts].flatMap(
    ([path, table]) =>
      Object.keys(Object(table))
        .filter((name) => NO_NAMES.includes(name))
        .map((name) => wrong(`${at(`${path}.${name}`)}: ${name} is a reserved name`, { hint: 'give it another name' })),
  )
}

/** The parser writes what stands in a table called `constructor` or `hasOwnProperty` into that very function of the runtime. */
function freezeRuntime(): void {
  for (const { value } of Object.values(Object.getOwnPropertyDescriptors(Object.prototype))) Object.freeze(value)
}

/** The text as plain data. The parser leaves null prototypes, symbols and BigInts behind; JSON does not. */
export function parseToml(file: string, content: string): unknown {
  freezeRuntime()
  const quickly = parsedQuickly(content)
  if (quickly !== null) return quickly
  try {
    return plain(TOML.parse(content))
  } catch (cause) {
    const { line, message } =
      cause instanceof TypeError ? { line: undefined, message: ofRuntime(cause) } : (cause as Error & { readonly line?: number })
    throw new PaudeError(
      'config',
      shown(
        `${file}${line === undefined ? '' : `:${line + 1}`}: not valid TOML: ${(message.split('\n')[0] ?? '').replace(/ at row.*$/, '')}`,
      ),
      {
        hint: 'correct that line',
        cause,
      },
    )
  }
}

/** A text with long lists; null where there are none, or where the whole text has to tell what is wrong. */
function parsedQuickly(content: string): unknown {
  const short = withoutLongLists(content)
  if (short === null) return null
  try {
    const found = plain(TOML.parse(short.text))
    return short.restore(found) ? found : null
  } catch {
    return null
  }
}

/** A function for each value takes its time, and only a number beyond all others needs it. */
function plain(found: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(found))
  } catch {
    return JSON.parse(JSON.stringify(found, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)))
  }
}

/** The runtime's own errors have a line too, but of the program; the parser makes one for a date that there is not. */
const ofRuntime = ({ message }: TypeError): string =>
  message.startsWith('Invalid') ? message : 'a table has a reserved name, like constructor'

/** Tells `FILE:LINE` of a key, or the file alone where it stands in no line of its own. */
type Placer = (path: string) => string

type Read = { readonly layer: Written['layer']; readonly at: Placer }

function refuseVersion(found: unknown, at: Placer): void {
  const { version = 1 } = found as { version?: unknown }
  if (version === 1) return
  const newer = typeof version === 'number' && Number.isInteger(version) && version > 1
  throw wrong(`${at('version')}: version ${JSON.stringify(version)} is unknown`, {
    hint: newer ? 'this paude knows version 1; use a newer one' : 'write version = 1, or leave it out',
  })
}

type Parts = readonly (readonly [prefix: string, part: Profile])[]

/** Sections and keys that a layer cannot have, each with the reason: some act on this machine, some say what becomes of the layer itself. */
const notIn = (layer: Written['layer']): readonly (readonly [key: string, why: string])[] =>
  layer === 'user'
    ? []
    : [...Map.groupBy(allRows, ([, { key = '' }]) => key.split('.')[0] ?? '')].flatMap(([section, inside]) => {
        const reasons = inside.flatMap(([, { key = '', notIn }]) =>
          notIn?.[layer] === undefined ? [] : [[key, notIn[layer]] as const],
        )
        // What holds for every key of a section is told of the section.
        return reasons.length === inside.length ? reasons.slice(0, 1).map(([, why]) => [section, why] as const) : reasons
      })

function foreignKeys(read: Read, parts: Parts): readonly PaudeError[] {
  const keys = parts.flatMap(([prefix, part]) =>
    notIn(read.layer)
      .filter(([key]) => valueAt(part, key.split('.')) !== undefined)
      .map(([key, why]) => foreign(read, `${prefix}${key}`, { key, why })),
  )
  if (read.layer !== 'project') return keys
  const words = parts.flatMap(([prefix, part]) =>
    allRows.flatMap(([, { key = '', projectMay }]) => {
      const value = projectMay === undefined ? undefined : valueAt(part, key.split('.'))
      return value === undefined || projectMay?.words.includes(String(value))
        ? []
        : [
            wrong(`${read.at(`${prefix}${key}`)}: ${key} = ${JSON.stringify(value)} is not allowed in this file`, {
              hint: projectMay?.why ?? '',
            }),
          ]
    }),
  )
  const programs = parts.flatMap(([prefix, { env }]) =>
    ((env as Layer | undefined)?.references ?? [])
      .filter(({ source }) => typeof source !== 'string')
      .map(({ name, source }) =>
        wrong(
          `${read.at(`${prefix}env.${name}`)}: ${'keychain' in Object(source) ? 'the keychain' : 'a program'} is not allowed in this file`,
          {
            hint: 'the agent could change what it asks for; write it into your own config.toml',
          },
        ),
      ),
  )
  return [...keys, ...words, ...programs]
}

/** Values that every start would refuse are none for a file either. */
const unreadableValues = ({ layer, at }: Read, parts: Parts): readonly PaudeError[] =>
  parts.flatMap(([prefix, part]) =>
    unreadable(part).map(({ key, error }) =>
      wrong(`${at(`${prefix}${key}`)}: ${prefix}${withKey(key, error)}`, { hint: error.hint || mending(layer) }),
    ),
  )

const foreign = ({ at }: Read, path: string, { key, why }: { readonly key: string; readonly why: string }): PaudeError =>
  wrong(`${at(path)}: ${key} is not allowed in this file`, { hint: why })

/** What a part of a file says, by settings. */
function sourceOf({ layer, at: placeOf }: Read, prefix: string, part: Profile): Source {
  const values: Record<string, unknown> = {}
  const places: Record<string, string> = {}
  for (const [setting, { key, divided }] of allRows) {
    const value = key === undefined ? undefined : valueAt(part, key.split('.'))
    if (value === undefined) continue
    for (const [name, one] of Object.entries(divided === undefined ? { [setting]: value } : (value as Layer))) {
      values[name] = one
      places[name] = placeOf(`${prefix}${key}`)
    }
  }
  // One credential takes the place of another: a profile may have one of another kind.
  const alternatives = allRows.filter(([, { alternative }]) => alternative)
  if (alternatives.some(([setting]) => values[setting] !== undefined))
    for (const [setting, { initial }] of alternatives) values[setting] ??= initial
  return { layer, values: values as Layer, places }
}

/** What a stranger wrote is shown so that a terminal acts on none of it. */
const wrong = (message: string, { hint }: { readonly hint: string }): PaudeError =>
  new PaudeError('config', shown(shortened(message, 1000)), { hint: shown(shortened(hint)) })

function placer(file: string, text: string): Placer {
  let find: ReturnType<typeof lineFinder> | undefined
  return (path) => {
    find ??= lineFinder(text)
    const line = find(path.split('.'))
    return line === null ? file : `${file}:${line}`
  }
}
