import { join } from 'node:path'
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { twin } from '../src/cli/help/text.ts'
import { commands } from '../src/cli/verbs.ts'
import { KEY_MEANINGS } from '../src/config/keys/meanings.ts'
import { flagWord, type OwnFlag, variableOf } from '../src/config/keys/own-flags.ts'
import { ConfigFile } from '../src/config/keys/schema.ts'
import { allRows, type Setting } from '../src/config/sections/rows.ts'
import { type Caller, type ErrorCode, exitCode, PaudeError } from '../src/errors.ts'
import { type EventKind, fieldsOf, MEANINGS } from '../src/events/event.ts'
import type { Row, Rule } from '../src/key.ts'
import { PROTECTED } from '../src/workspace/guard.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

const word = (flag: OwnFlag): string => `\`${flagWord(flag)}\``

/** All flags in the order of the help, made anew: those that the program reads are what is written here. */
const flags: readonly OwnFlag[] = allRows
  .flatMap(([setting, row]) => (row.flags ?? []).map((flag) => ({ setting, row, flag })))
  .toSorted((one, other) => one.flag.rank - other.flag.rank)
  .map(({ setting, row, flag: { rank: _, name, switch: bare, ...flag } }) => ({ name, ...flagBase(setting, row, bare), ...flag }))

function flagBase(key: Setting, { initial, words }: Row<unknown>, bare = false): Pick<OwnFlag, 'key' | 'type' | 'values'> {
  return {
    key,
    type: bare || typeof initial === 'boolean' ? 'switch' : Array.isArray(initial) ? 'list' : 'value',
    ...(words === undefined ? {} : { values: words.map(String) }),
  }
}

/** What a code means, in the order of the table; a reason that `exitCode` gives another number is an error. */
const CODES: readonly (readonly [code: number, meaning: string, reason: ErrorCode | null, caller?: Caller])[] = [
  [0, 'done', null],
  [1, '`paude sessions`, `stop`, `rm`, … failed', null],
  [
    2,
    'their words or the configuration are wrong (125 where an agent or a command would have run: `paude`, `run`, `start`, `attach`, `exec`, …)',
    null,
  ],
  [3, '`paude wait`: a session is gone, or will never get there', 'never', 'management'],
  [124, '`--timeout` ran out, of a box and of `paude wait`', 'timeout'],
  [125, 'paude or the engine failed, the agent did not run or was taken back', 'backend-down'],
  [126, 'the program cannot be run', 'not-executable'],
  [127, 'the program was not found', 'command-not-found'],
  [130, 'interrupted during the start; nothing was left behind', 'interrupted'],
]

/** What of a key in a project's file needs the user's word; `canHold` tells which values a file takes. */
function needsTrust(rule: Rule, canHold: (value: string) => boolean): string {
  switch (rule) {
    case 'differs':
      return 'any other value'
    case 'adds':
      return 'every further entry'
    case 'closes':
      return 'nothing: it only closes'
    case 'own':
      return 'not in a project’s file'
    default:
      return 'order' in rule ? `what is further right: ${rule.order.filter(canHold).join(', ')}` : 'a higher limit, or none'
  }
}

/** What a project's file cannot have may still have an order, for the managed one. */
const trustOf = ({ key = '', rule, notIn }: Row<unknown>): string =>
  needsTrust(notIn?.project === undefined ? rule : 'own', (value) => isTaken(key, value))

/** Whether the schema of files takes a value that is ordered by its text. */
function isTaken(key: string, value: string): boolean {
  const written: unknown = value === 'true' || value === 'false' ? value === 'true' : value
  const file = key.split('.').reduceRight((inner, name) => ({ [name]: inner }), written)
  return v.safeParse(ConfigFile, file).success
}

function flagOf({ flags = [], variable }: Row<unknown>): string {
  const flag = flags.find((one) => !one.switch)
  if (flag !== undefined) return `\`--${flag.name}\``
  return variable === undefined ? '' : `\`${variableOf({ name: variable })}\``
}

/** The reference tables, by the name of their markers. */
export async function tables(): Promise<Readonly<Record<string, string>>> {
  for (const [code, , reason, caller = 'agent'] of CODES)
    if (reason !== null && exitCode(new PaudeError(reason, ''), caller) !== code)
      throw new Error(`${reason} does not exit with ${code}`)
  const names = (name: string) => [
    name,
    ...Object.entries(commands.aliases).flatMap(([alias, target]) => (target === name ? [alias] : [])),
  ]
  const verbs = await Promise.all(commands.names.map(async (name) => [name, await commands.load(name)] as const))
  return {
    verbs: table(
      ['verb', 'does', 'example'],
      verbs.map(([name, { description, examples }]) => [
        names(name)
          .map((each) => `\`${each}\``)
          .join(', '),
        description,
        `\`${examples[0]?.[0] ?? ''}\``,
      ]),
    ),
    flags: table(
      ['flag', 'variable', 'means'],
      flags.map((flag) => [word(flag), twin(flag) === '' ? '' : `\`${twin(flag)}\``, flag.description]),
    ),
    keys: table(
      ['key', 'means', 'flag or variable', 'needs trust in a project'],
      allRows.flatMap(([, row]) =>
        row.key === undefined ? [] : [[`\`${row.key}\``, row.meaning ?? '', flagOf(row), trustOf(row)]],
      ),
    ),
    'exit-codes': table(
      ['code', 'means'],
      [['any', "the agent's or the command's own"], ...CODES.map(([code, meaning]) => [String(code), meaning])],
    ),
    events: table(
      ['kind', 'when', 'fields'],
      (Object.entries(MEANINGS) as [EventKind, string][]).map(([kind, meaning]) => [
        `\`${kind}\``,
        meaning,
        fieldsOf(kind)
          .map((field) => `\`${field}\``)
          .join(', '),
      ]),
    ),
    protected: `${PROTECTED.map((path) => `\`${path}\``).join(', ')}`,
  }
}

/** The text with every marked part made anew. */
export function withTables(text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((before, [name, part]) => {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [start, end] = [before.indexOf(open), before.indexOf(close)]
    return start === -1 || end < start ? before : `${before.slice(0, start + open.length)}\n${part}\n${before.slice(end)}`
  }, text)
}

/** Names of the markers in a text. */
export const markers = (text: string): readonly string[] =>
  [...text.matchAll(/<!-- ([a-z-]+) -->/g)].flatMap(([, name]) => (name === undefined ? [] : [name]))

export const flagsFile = join(import.meta.dir, '../src/config/flags.json')

/** What every call needs of the rows: the variables of what has no flag go with the flags. */
export const flagsText = (): string => `${JSON.stringify({ flags, variables: variables() }, null, 2)}\n`

const variables = (): readonly OwnFlag[] =>
  allRows.flatMap(([setting, row]) =>
    row.variable === undefined ? [] : [{ name: row.variable, ...flagBase(setting, row), description: row.meaning ?? '' }],
  )

export const descriptionsFile = join(import.meta.dir, '../src/cli/help/descriptions.json')

/** One line of each verb, which help and completion show without loading it. */
export async function descriptionsText(): Promise<string> {
  const rows = await Promise.all(commands.names.map(async (name) => [name, (await commands.load(name)).description]))
  return `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`
}

export const schemaFile = join(import.meta.dir, '../src/config/schema.json')

/** JSON Schema of config.toml and paude.toml. What only a function can check is left out of it. */
export function schemaText(): string {
  const schema = toJsonSchema(ConfigFile, { errorMode: 'ignore', typeMode: 'input' }) as Described
  const { profiles, ...always } = schema.properties ?? {}
  describe(always)
  const profile = profiles?.additionalProperties
  if (typeof profile === 'object') describe(profile.properties ?? {})
  if (profiles !== undefined) profiles.description = KEY_MEANINGS['profiles'] ?? ''
  return `${JSON.stringify({ title: 'config.toml and paude.toml of paude', ...schema }, null, 2)}\n`
}

type Described = {
  description?: string
  readonly properties?: Readonly<Record<string, Described>>
  readonly additionalProperties?: boolean | Described
}

/** Puts beside each key what it is for. */
function describe(properties: Readonly<Record<string, Described>>, prefix = ''): void {
  for (const [name, child] of Object.entries(properties)) {
    const key = `${prefix}${name}`
    const meaning = KEY_MEANINGS[key]
    if (meaning !== undefined) child.description = meaning
    describe(child.properties ?? {}, `${key}.`)
  }
}

if (import.meta.main) {
  const readme = join(import.meta.dir, '../README.md')
  const made = [
    [readme, withTables(await Bun.file(readme).text(), await tables())],
    [flagsFile, flagsText()],
    [descriptionsFile, await descriptionsText()],
    [schemaFile, schemaText()],
  ] as const
  for (const [file, text] of made)
    if (!process.argv.includes('--check')) await Bun.write(file, text)
    else if ((await Bun.file(file).text()) !== text) {
      console.error(`${file} is stale: bun run docs writes it anew`)
      process.exitCode = 1
    }
}
