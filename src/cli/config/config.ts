import { defineCommand, type ParsedArgs } from 'citty'
import { insistOnKey, setKey, unsetKey, writtenValue } from '../../config/files/edit.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { editableFile, trustNote } from '../../project/editable.ts'
import { readProject } from '../../project/judge.ts'
import { nearest, quotedLines, shown } from '../../text.ts'
import { flagsOf, mostWords, subVerb, subVerbs } from '../words.ts'
import { changeOnYourWord } from './change-on-word.ts'
import { checkFiles } from './config-check.ts'
import { editFile } from './config-edit.ts'
import { keyText } from './config-get.ts'
import { settingLines, settingRows } from './setting-rows.ts'
import { settle, trustCommand } from './start-config.ts'

const args = {
  what: { type: 'positional', description: 'show, path, get, set, unset, edit, check or schema', required: true },
  key: {
    type: 'positional',
    description: 'get, set, unset: the key, like network.mode; get: a table, like network, too',
    required: false,
  },
  value: { type: 'positional', description: 'set: its value; hosts with commas, or any list as TOML', required: false },
  project: { type: 'boolean', description: "path, set, unset, edit: the project's paude.toml instead of your own file" },
  origin: { type: 'boolean', description: 'show: with the layer, file and line of each value' },
  json: { type: 'boolean', description: 'show, get: print one JSON document' },
} as const

type Given = ParsedArgs<typeof args>

export default (context: Context) =>
  defineCommand({
    meta: {
      name: 'config',
      description: 'Show, change and check the configuration: paude config show|path|get|set|unset|edit|check|schema',
    },
    args,
    async run({ args: given }) {
      insistOnUse(given)
      const editable = () => editableFile(context.host, given.project === true)
      switch (given.what) {
        case 'show':
          return await show(context, given)
        case 'get':
          return await get(context, given)
        case 'path':
          context.answer(editable().file)
          return 0
        case 'set':
          return await set(context, given)
        case 'unset':
          return await unset(context, given)
        case 'edit':
          return await editFile(context, editable())
        case 'check':
          return await checkFiles(context)
        case 'schema':
          context.answer((await import('../../config/files/embedded.ts')).schema)
          return 0
      }
      throw new Error(`paude config ${given.what} does nothing`)
    },
  })

/** Refuses what would have no effect: whoever typed it expects one. */
function insistOnUse(given: Given): void {
  const { what, key, value } = given
  if (subVerb('config', what) === undefined) {
    const close = nearest(what, Object.keys(subVerbs['config'] ?? {}))
    throw new PaudeError('usage', `paude config has no verb ${JSON.stringify(what)}`, {
      hint:
        close === null
          ? 'paude config show, path, get, set, unset, edit, check or schema'
          : `did you mean paude config ${close}?`,
    })
  }
  const extra = [key, value].filter((word) => word !== undefined)[mostWords('config', what)]
  if (extra !== undefined)
    throw new PaudeError('usage', `paude config ${what}: one word too many: ${JSON.stringify(extra)}`, {
      hint: 'paude help config',
    })
  const flags = flagsOf('config', what)
  const idle = (['project', 'origin', 'json'] as const).find((flag) => given[flag] === true && !flags.includes(flag))
  if (idle !== undefined)
    throw new PaudeError('usage', `paude config ${what}: --${idle} means nothing here`, {
      hint: 'leave it out; paude help config',
    })
}

/** What a start here would take. What still waits for the user's word is left out, and said. */
async function effective(context: Context): Promise<Config> {
  const { config, open } = settle(context, await readProject(context, context.flags))
  for (const { file } of open)
    context.warn(`${shown(file.file)} is not trusted: of it only what narrows is shown; ${trustCommand(config)}`)
  return config
}

async function show(context: Context, { origin, json }: Given): Promise<number> {
  const rows = settingRows(await effective(context), context.host)
  if (json) context.answer(quotedLines(rows))
  else context.answer(settingLines(rows, { origin: origin === true }).join('\n'))
  return 0
}

/** The value alone, one line for each entry of a list, a table as TOML; nothing when there is none. */
async function get(context: Context, { key, json }: Given): Promise<number> {
  const path = needed(key, 'get network.mode')
  const text = keyText(await effective(context), context.host, { key: path, json: json === true })
  if (text !== '') context.answer(text)
  return 0
}

async function set(context: Context, { key = '', value, project }: Given): Promise<number> {
  insistOnKey(needed(key, 'set network.mode none'))
  if (value === undefined)
    throw new PaudeError('usage', `paude config set ${key} needs a value`, { hint: `paude config unset ${key} takes it out` })
  refuseProfile(context, `set profiles.${context.flags.profile}.${key}`)
  let before: string | null = null
  const editable = await changeOnYourWord(context, project === true, (now) => {
    before = writtenValue(now.text, key)
    return setKey(now, key, value)
  })
  context.note(`${editable.file}: ${key} is set${before === null ? '' : `; it was ${shown(before)}`}${trustNote(editable)}`)
  return 0
}

async function unset(context: Context, { key = '', project }: Given): Promise<number> {
  const path = needed(key, 'unset network.mode')
  refuseProfile(context, `unset profiles.${context.flags.profile}.${path}`)
  const change = await changeOnYourWord(context, project === true, (now) => unsetKey(now, path))
  const waits = change.changed ? trustNote(change) : ''
  context.note(`${change.file}: ${key} is ${change.changed ? 'set no longer' : 'not set'}${waits}`)
  return 0
}

/** A file is one for all profiles: which part of it is meant stands in the key. */
function refuseProfile({ flags: { profile } }: Context, instead: string): void {
  if (profile !== undefined)
    throw new PaudeError('usage', `--profile ${profile} chooses what is read, and not where something is written`, {
      hint: `paude config ${instead}`,
    })
}

function needed(key: string | undefined, example: string): string {
  if (!key) throw new PaudeError('usage', 'a key is missing', { hint: `paude config ${example}` })
  return key
}
