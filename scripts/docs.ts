import { join } from 'node:path'
import { toJsonSchema } from '@valibot/to-json-schema'
import { allBackends } from '../src/backends/registry.ts'
import { flagsOf, placesOf } from '../src/cli/args.ts'
import { placeUsage, twin, typed } from '../src/cli/help/text.ts'
import type { Topic, Verb } from '../src/cli/verb.ts'
import { commands } from '../src/cli/verbs.ts'
import { KEY_MEANINGS } from '../src/config/keys/meanings.ts'
import { flagWord, type OwnFlag, variableOf } from '../src/config/keys/own-flags.ts'
import { ConfigFile } from '../src/config/keys/schema.ts'
import { trustOf } from '../src/config/keys/trust-text.ts'
import { allRows, type Setting } from '../src/config/sections/rows.ts'
import { type Caller, type ErrorCode, exitCode, PaudeError } from '../src/errors.ts'
import { type EventKind, fieldsOf, MEANINGS } from '../src/events/event.ts'
import { type Row, readerOf } from '../src/key.ts'
import { groups } from '../src/network/groups.ts'
import { IN_FOLDERS, IN_GIT, type Severity } from '../src/workspace/listed.ts'
import { manPage } from './man.ts'
import { agentRows, PLACES, variableRows } from './sandbox-page.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const code = (text: string): string => `\`${text}\``
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

const word = (flag: OwnFlag): string => code(flagWord(flag))

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
  [124, '`--timeout` ran out, of a sandbox and of `paude wait`', 'timeout'],
  [125, 'paude or the engine failed, the agent did not run or was taken back', 'backend-down'],
  [126, 'the program cannot be run', 'not-executable'],
  [127, 'the program was not found', 'command-not-found'],
  [130, 'interrupted by Ctrl-C; nothing was left behind, or paude names it', 'interrupted'],
  [143, 'the same by SIGTERM (129 by SIGHUP)', null],
]

/** What a reason means to a program that reads errors as JSON. */
const REASONS: Readonly<Record<ErrorCode, string>> = {
  usage: 'the words of the command are wrong',
  config: 'a configuration file or a variable is wrong',
  refused: 'paude refuses it, because it is not safe or not approved',
  unsupported: 'the backend cannot do it',
  'backend-missing': 'the program of the backend is not installed',
  'backend-down': 'the engine or the cluster is not running or not reached',
  'backend-denied': 'you may not use it',
  'backend-silent': 'it does not answer in time',
  'backend-old': 'its version is too old',
  'image-missing': 'an image is not there and is not fetched or built',
  registry: 'a registry or a download failed',
  'disk-full': 'no space is left',
  'name-taken': 'a session has this name, or runs already',
  'not-found': 'no such session, file or entry',
  ambiguous: 'several sessions are meant, or none is named',
  'not-executable': 'the program in the sandbox cannot be run',
  'command-not-found': 'the program is not in the sandbox',
  timeout: '`--timeout` ran out',
  never: 'what you wait for will not happen',
  'self-test': 'the network was not closed as promised, so nothing was started',
  interrupted: 'a signal ended it',
  'command-failed': 'a program that paude ran failed',
  output: 'paude cannot write its answer',
}

function flagOf(row: Row<unknown>): string {
  const flag = row.flags?.find((one) => !one.switch)
  if (flag !== undefined) return `\`--${flag.name}\``
  const name = variableName(row)
  return name === '' ? '' : `\`${variableOf({ name })}\``
}

/** What is written by hand in the reference: an example of every key, which a test reads. */
export const exampleFile = join(import.meta.dir, '../docs/reference/config.toml')

export const referenceFolder = join(import.meta.dir, '../docs/reference')

/** The pages of `docs/reference`, by their file names. */
export async function pages(): Promise<Readonly<Record<string, string>>> {
  return {
    'README.md': page(
      'Reference',
      'These pages are made from the code of paude, except `config.toml`, which is an example of every key.',
      list(),
    ),
    'flags.md': page(
      'Flags',
      "paude's flags come before the agent's words. See [Start sessions](../sessions.md) for how they are read.",
      table(
        ['flag', 'variable', 'meaning'],
        flags.map((flag) => [word(flag), twin(flag) === '' ? '' : code(twin(flag)), flag.description]),
      ),
    ),
    'keys.md': page(
      'Configuration keys',
      'Keys of `config.toml`, `paude.toml` and `managed.toml`. [config.toml](config.toml) shows each one; [Configuration](../configuration.md) explains the files.',
      table(
        ['key', 'meaning', 'flag or variable', "needs approval in a project's file"],
        allRows.flatMap(([, row]) =>
          row.key === undefined ? [] : [[code(row.key), row.meaning ?? '', flagOf(row), trustOf(row)]],
        ),
      ),
    ),
    'exit-codes.md': page(
      'Exit codes',
      'A session ends with the exit code of its agent or command. paude itself uses these:',
      exitCodes(),
    ),
    'engines.md': page(
      'Engines',
      'The versions of container engines that paude is tested with. The oldest is the minimum. `paude doctor` says when yours is older or newer.',
      table(
        ['engine', 'tested versions'],
        allBackends.map(({ name, health }) => [
          name,
          `${health.tested.join(', ')}${health.imitated ? ': never really run, only a program that imitates it' : ''}`,
        ]),
      ),
    ),
    'events.md': page(
      'Events',
      '`paude events --json` prints one of these objects a line. [Notifications and events](../notify-events.md) explains them.',
      `Every event has \`v\` (1), \`time\`, \`session\`, \`conversation\` and \`kind\`. A field marked \`?\` may be missing.\n\n${events()}`,
    ),
    'groups.md': page(
      'Groups of hosts',
      'Allow a group with `--network-group npm` or `allow = ["@npm"]`. No group is on by default. `paude network groups NAME` prints one.',
      groups()
        .map(({ name, what, hosts }) =>
          [
            `## @${name}`,
            capital(what),
            table(
              ['host', 'reason'],
              hosts.map(({ host, why }) => [code(host), why]),
            ),
          ].join('\n\n'),
        )
        .join('\n\n'),
    ),
    'guarded-paths.md': page(
      'Guarded paths',
      'Programs on your machine run or obey these files of a project. [Review](../review.md) says what becomes of new ones. `workspace.guard` adds names and changes severities; `workspace.protect` adds paths.',
      guardedPaths(),
    ),
    'sandbox.md': page(
      'Places and variables of a sandbox',
      'What a sandbox on docker or podman has besides its image, your mounts and `--env`. `paude --dry-run=full` prints those of one start. On a cluster, [volumes and Secrets](../kubernetes.md#what-a-session-is) take the place of the mounts.',
      [
        '## Places',
        table(
          ['place', 'access', 'what it is'],
          PLACES.map(([place, access, what]) => [place.startsWith('/') ? code(place) : place, access, what]),
        ),
        'All else is the image, read-only. With `--network none` there is no `/paude/link`.',
        '## Variables',
        table(['variable', 'value', 'what it is'], variableRows()),
        'With `--network none` the proxy variables are empty and the others absent. `LANG` is `C.UTF-8`. `TZ`, and on a terminal `TERM` and `COLORTERM`, come from your environment. `GIT_CONFIG_…` has your name, your address and the folders that git may trust. `[env]`, `--env` and [credentials](../credentials.md) add their own; a credential shows as a placeholder.',
        '## Variables of an agent',
        table(['agent', 'variable', 'value'], agentRows()),
      ].join('\n\n'),
    ),
    'verbs.md': page('Verbs', '`paude help VERB` prints the same.', await verbs()),
  }
}

/** Links to what stands beside them in the folder. */
const list = (): string =>
  [
    ['verbs.md', 'verbs, with their flags and examples'],
    ['flags.md', 'flags of a start, with their environment variables'],
    ['keys.md', 'configuration keys'],
    ['config.toml', 'an example of every configuration key'],
    ['groups.md', 'groups of hosts'],
    ['exit-codes.md', 'exit codes'],
    ['engines.md', 'container engines, with the versions tested'],
    ['sandbox.md', 'places and variables of a sandbox'],
    ['events.md', 'events of `paude events --json`'],
    ['paude.1', 'the manual page: `man ./paude.1`'],
    ['guarded-paths.md', 'files of a project that programs on your machine run or obey'],
  ]
    .map(([file, what]) => `- [${file}](${file}): ${what}`)
    .join('\n')

const SEVERITIES: Readonly<Record<Severity, string>> = {
  severe:
    'Read-only in a session where they exist, or [a copy](../config-changes.md) of its own, and named when they are new. Programs run or obey these by themselves.',
  warn: 'Writable, and named when they are new or changed. Programs obey these when you run them.',
  shown: 'Writable, and shown by `paude review` only. These are code that you run.',
}

/** A section for each severity, a row for each program. */
function guardedPaths(): string {
  const list = [...IN_GIT.map((one) => ({ ...one, path: `.git/${one.path}` })), ...IN_FOLDERS]
  return Object.entries(SEVERITIES)
    .map(([severity, meaning]) => {
      const groups = Map.groupBy(
        list.filter((one) => one.severity === severity),
        ({ tool, why }) => `${tool} ${why}`,
      )
      const rows = [...groups].map(([reason, all]) => [all.map(({ path }) => code(path)).join(', '), reason])
      return [`## ${severity}`, meaning, table(['path', 'reason'], rows)].join('\n\n')
    })
    .join('\n\n')
}

const page = (title: string, lead: string, body: string): string =>
  `<!-- Made by \`npm run docs\`. -->\n\n# ${title}\n\n${lead}\n\n${body}\n`

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

function exitCodes(): string {
  for (const [number, , reason, caller = 'agent'] of CODES)
    if (reason !== null && exitCode(new PaudeError(reason, ''), caller) !== number)
      throw new Error(`${reason} does not exit with ${number}`)
  return [
    table(
      ['code', 'meaning'],
      [['any', "the agent's or the command's own"], ...CODES.map(([number, meaning]) => [String(number), meaning])],
    ),
    '## Errors as JSON',
    'With `--json`, a verb that fails prints its error to stderr as one line: `{"error":{"code":"not-found","message":"…","hint":"…","exit":1}}`. `message` and `hint` are for people and may change. `code` is one of these:',
    table(
      ['code', 'meaning'],
      Object.entries(REASONS).map(([reason, meaning]) => [code(reason), meaning]),
    ),
  ].join('\n\n')
}

const events = (): string =>
  table(
    ['kind', 'when', 'fields'],
    (Object.entries(MEANINGS) as [EventKind, string][]).map(([kind, meaning]) => [
      code(kind),
      meaning,
      fieldsOf(kind).map(code).join(', '),
    ]),
  )

/** A table of all verbs, then a section for each. */
async function verbs(): Promise<string> {
  const all = await Promise.all(commands.names.map(async (name) => [name, await commands.load(name)] as const))
  const aliases = (name: string) => Object.keys(commands.aliases).filter((alias) => commands.aliases[alias] === name)
  return [
    table(
      ['verb', 'what it does'],
      all.map(([name, { description }]) => [
        [`[${code(name)}](#paude-${name})`, ...aliases(name).map(code)].join(', '),
        description,
      ]),
    ),
    ...all.flatMap(([name, found]) => [
      ...section('##', `paude ${name}`, found),
      ...('verbs' in found
        ? Object.entries(found.verbs).flatMap(([inner, one]) => section('###', `paude ${name} ${inner}`, one))
        : []),
    ]),
  ].join('\n\n')
}

/** What the help of a verb says, as paragraphs. */
function section(level: string, called: string, found: Verb | Topic): readonly string[] {
  const { args = {}, keys = [] }: Partial<Verb> = found
  const taken = flagsOf(args)
  const places = placesOf(args).flatMap(([name, place]) => (place.hidden ? [] : [placeUsage(name, place)]))
  const usage = [called, ...('verbs' in found ? ['VERB …'] : []), ...(taken.length > 0 ? ['[flags]'] : []), ...places].join(' ')
  const block = (rows: readonly (readonly [string, string])[]) => {
    const width = Math.max(...rows.map(([left]) => left.length))
    return ['```sh', ...rows.map(([left, right]) => `${left.padEnd(width)}  # ${right}`), '```'].join('\n')
  }
  return [
    `${level} ${called}`,
    [found.description, found.details]
      .filter((text) => text)
      .map((text) => `${text}.`)
      .join(' ')
      .replaceAll(/([.!?])\.(?= |$)/g, '$1'),
    `\`\`\`text\n${usage}\n\`\`\``,
    ...(found.examples.length > 0 ? [block(found.examples)] : []),
    ...(taken.length > 0
      ? [
          table(
            ['flag', 'meaning'],
            taken.map(([name, flag]) => [code(typed(name, flag)), flag.description]),
          ),
        ]
      : []),
    ...(keys.length > 0
      ? [
          table(
            ['key', 'effect'],
            keys.map(([key, effect]) => [code(key), effect]),
          ),
        ]
      : []),
  ]
}

export const flagsFile = join(import.meta.dir, '../src/config/flags.json')

/** What every call needs of the rows: the variables of what has no flag go with the flags. */
export const flagsText = (): string => `${JSON.stringify({ flags, variables: variables() }, null, 2)}\n`

const variables = (): readonly OwnFlag[] =>
  allRows.flatMap(([setting, row]) => {
    const name = variableName(row)
    const commas = Array.isArray(row.initial) && !row.lines ? { commas: true } : {}
    return name === '' ? [] : [{ name, ...flagBase(setting, row), ...commas, description: row.meaning ?? '' }]
  })

/** Name of the variable of a key without a flag, as flags have it; '' where it has none: its values are tables, yours alone, or checked by a file's schema only. */
function variableName({ variable, key = '', flags = [], initial, rule, words, ...row }: Row<unknown>): string {
  if (variable !== undefined) return variable
  const isText = typeof initial === 'string' || Array.isArray(initial)
  const isChecked = words !== undefined || readerOf({ rule, ...row }) !== undefined
  return key === '' || flags.length > 0 || rule === 'own' || !isText || !isChecked ? '' : key.replaceAll(/[._]/g, '-')
}

export const descriptionsFile = join(import.meta.dir, '../src/cli/help/descriptions.json')

/** One line of each verb, which help and completion show without loading it. */
export async function descriptionsText(): Promise<string> {
  const rows = await Promise.all(commands.names.map(async (name) => [name, (await commands.load(name)).description]))
  return `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`
}

export const manFile = join(referenceFolder, 'paude.1')

/** The manual page: what the help says, in the order that man pages have. */
export const manText = (): Promise<string> =>
  manPage({ flags, codes: CODES.map(([number, meaning]) => [String(number), meaning.replaceAll('`', '')]) })

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
  const made = [
    ...Object.entries(await pages()).map(([name, text]) => [join(referenceFolder, name), text] as const),
    [flagsFile, flagsText()],
    [descriptionsFile, await descriptionsText()],
    [schemaFile, schemaText()],
    [manFile, await manText()],
  ] as const
  for (const [file, text] of made)
    if (!process.argv.includes('--check')) await Bun.write(file, text)
    else if (!(await Bun.file(file).exists()) || (await Bun.file(file).text()) !== text) {
      console.error(`${file} is stale: bun run docs writes it anew`)
      process.exitCode = 1
    }
}
