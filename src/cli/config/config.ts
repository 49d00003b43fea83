import { existsSync } from 'node:fs'
import { type Editable, requireKey, setKey, unsetKey, withoutProfile, writtenValue } from '../../config/files/edit.ts'
import { parseConfig } from '../../config/files/parse.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { editableFile, trustNote } from '../../project/editable.ts'
import { readProject, whole } from '../../project/judge.ts'
import { quotedLines, shown } from '../../text.ts'
import { checkMount, parseMount } from '../../workspace/mount.ts'
import { json, type Values } from '../args.ts'
import { ACTS, alsoTaking, LOOKS, READS, SHOWS, taking } from '../front-flags.ts'
import { topic, verb } from '../verb.ts'
import { changeOnYourWord } from './change-on-word.ts'
import { checkFiles } from './config-check.ts'
import { editFile } from './config-edit.ts'
import { keyText } from './config-get.ts'
import { settingLines, settingRows } from './setting-rows.ts'
import { settle, trustCommand } from './start-config.ts'

const project = { type: 'boolean', description: "Use the project's paude.toml instead of your own file" } as const
const key = { type: 'positional', description: 'Key, like network.mode', required: true, offers: 'keys' } as const
const showArgs = {
  all: { type: 'boolean', description: 'Show every setting, with its default' },
  origin: { type: 'boolean', description: 'Show the layer, file and line of each value' },
  json,
} as const
const getArgs = { key: { ...key, description: 'Key, like network.mode, or table, like network' }, json } as const
const setArgs = {
  key,
  value: {
    type: 'positional',
    description: 'Its value; a list with commas, or as TOML',
    required: true,
    offers: 'values',
  },
  project,
} as const
const unsetArgs = { key, project } as const

export default topic({
  description: 'Show, change and check the configuration',
  examples: [
    ['paude config show --origin', 'what differs from the defaults, with layer, file and line'],
    ['paude config set network.allow example.org', 'in your own config.toml; comments stay'],
    ['paude config set limits.memory 4g --project', 'in the paude.toml of this project'],
    ['paude config check', 'check every file, and name those that wait for paude trust'],
  ],
  verbs: {
    show: verb({
      description: 'Show the settings of a start here that differ from the defaults',
      front: SHOWS,
      args: showArgs,
      examples: [
        ['paude config show --origin', 'with the layer, file and line of each value'],
        ['paude config show --all', 'every setting'],
      ],
      run: show,
    }),
    path: verb({
      description: 'Print the path of the file',
      front: READS,
      args: { project },
      examples: [['paude config path --project', "the project's paude.toml"]],
      run(context, given) {
        context.answer(editableFile(context.host, given.project === true).file)
        return 0
      },
    }),
    get: verb({
      description: 'Print the value of a key; a list has one entry per line',
      front: SHOWS,
      args: getArgs,
      examples: [['paude config get network.mode', 'as a start here uses it']],
      run: get,
    }),
    set: verb({
      description: "Set a key in your own file, or in the project's",
      front: alsoTaking(ACTS, taking('profile')),
      args: setArgs,
      examples: [
        ['paude config set limits.memory 4g --project', 'in the paude.toml of this project'],
        ['paude config set network.allow one.example,two.example', 'a list, with commas'],
        ['paude config set env.NAME value', 'an environment variable of the sandbox'],
        ['paude config set agent_args -- --dangerously-skip-permissions', 'a value that begins with a dash'],
      ],
      run: set,
    }),
    unset: verb({
      description: 'Remove a key from the file',
      front: alsoTaking(ACTS, taking('profile')),
      args: unsetArgs,
      examples: [['paude config unset limits.memory', 'from your own config.toml']],
      run: unset,
    }),
    edit: verb({
      description: 'Open the file in your editor, and check it afterwards',
      front: ACTS,
      args: { project },
      examples: [['paude config edit', 'your own config.toml in $EDITOR']],
      run: (context, given) => editFile(context, editableFile(context.host, given.project === true)),
    }),
    check: verb({
      description: 'Check every file, and name those that wait for paude trust',
      front: LOOKS,
      args: {
        strict: { type: 'boolean', description: 'Exit with 1 also when a file waits for paude trust' },
      },
      examples: [
        ['paude config check', 'the files that a start here reads'],
        ['paude config check --strict', 'in CI: a project that needs an approval fails'],
      ],
      run: (context, given) => checkFiles(context, { strict: given.strict === true }),
    }),
    schema: verb({
      description: 'Print the JSON Schema of the files, for editors',
      front: READS,
      examples: [['paude config schema', 'every key and its values']],
      async run(context) {
        context.answer((await import('../../config/files/embedded.ts')).schema)
        return 0
      },
    }),
  },
})

/** What a start here would take. What still waits for the user's word is left out, and said. */
async function effective(context: Context): Promise<Config> {
  const { config, open } = settle(context, await readProject(context, context.flags))
  for (const { file } of open)
    context.warn(`${shown(file.file)} is not trusted, so only its restrictions are shown; ${trustCommand(config)}`)
  return config
}

async function show(context: Context, { all, origin, json }: Values<typeof showArgs>): Promise<number> {
  const every = settingRows(await effective(context), context.host)
  const rows = all || json ? every : every.filter((row) => row.origin !== null && row.origin.layer !== 'default')
  if (json) context.answer(quotedLines(rows))
  else if (rows.length > 0) context.answer(settingLines(rows, { origin: origin === true }).join('\n'))
  if (!all && !json)
    context.note(
      rows.length === 0
        ? `all ${every.length} keys have their defaults: paude config show --all`
        : `${every.length - rows.length} more have their defaults: paude config show --all`,
    )
  return 0
}

/** The value alone, one line for each entry of a list, a table as TOML; nothing when there is none. */
async function get(context: Context, { key, json }: Values<typeof getArgs>): Promise<number> {
  const text = keyText(await effective(context), context.host, { key, json: json === true })
  if (text !== '') context.answer(text)
  return 0
}

async function set(context: Context, { key, value, project }: Values<typeof setArgs>): Promise<number> {
  requireKey(key)
  refuseProfile(context, `set profiles.${context.flags.profile}.${key}`)
  let before = null as string | null
  const editable = await changeOnYourWord(context, project === true, (now) => {
    before = writtenValue(now.text, key)
    const text = setKey(now, key, value)
    if (key === 'mounts') refuseMounts(context, { ...now, text })
    return text
  })
  context.note(`${editable.file}: ${key} is set${before === null ? '' : `; it was ${shown(before)}`}${trustNote(editable)}`)
  if (withoutProfile(key) === 'network.mode' && /^"?open"?$/.test(value)) {
    const back = before === null || /open/.test(before) ? `unset ${key}` : `set ${key} ${before.replaceAll('"', '')}`
    context.warn(
      `without a wall, every session ${project ? 'in this project' : 'of yours'} can reach every host; to undo this: paude config ${back}${project ? ' --project' : ''}`,
    )
  }
  await warnOfManaged(context)
  return 0
}

/** Tells at once of what a start would refuse because of the managed file. */
export async function warnOfManaged({ host, flags, warn }: Pick<Context, 'host' | 'flags' | 'warn'>): Promise<void> {
  if (!existsSync(host.managedFile)) return
  try {
    whole(await readProject({ host, note: () => undefined }, flags))
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    if (error.message.includes(host.managedFile)) warn(`no session starts here like this: ${error.message}`)
  }
}

/** Refuses at once what a start would refuse later; what is not there may still come. */
function refuseMounts({ host }: Context, written: Editable): void {
  for (const text of parseConfig(written).sources[0]?.values.mount ?? [])
    try {
      checkMount(parseMount(text, host), host)
    } catch (error) {
      if (!(error instanceof PaudeError) || error.code !== 'not-found') throw error
    }
}

async function unset(context: Context, { key, project }: Values<typeof unsetArgs>): Promise<number> {
  refuseProfile(context, `unset profiles.${context.flags.profile}.${key}`)
  const change = await changeOnYourWord(context, project === true, (now) => unsetKey(now, key))
  const waits = change.changed ? trustNote(change) : ''
  context.note(`${change.file}: ${change.changed ? `removed ${key}` : `${key} is not set`}${waits}`)
  return 0
}

/** A file is one for all profiles: which part of it is meant stands in the key. */
function refuseProfile({ flags: { profile } }: Context, instead: string): void {
  if (profile !== undefined)
    throw new PaudeError('usage', `--profile ${profile} chooses what paude reads, not where it writes`, {
      hint: `paude config ${instead}`,
    })
}
