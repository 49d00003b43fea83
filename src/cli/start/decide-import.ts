import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent } from '../../agents/agent.ts'
import { keyOf } from '../../config/keys/all.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { type Imported, isThere, ownFolder } from '../../imports/look.ts'
import { firstOf, shown } from '../../text.ts'
import { canAsk, readAnswer } from '../config/start-config.ts'
import { tilde } from '../streams/table.ts'

type Decision = {
  readonly agent: Agent
  /** Whether this start may ask. */
  readonly asks: boolean
  /** What is thrown away afterwards shows a sandbox as everybody has it. */
  readonly never: boolean
}

/** Asks once whether your own set-up of the agent comes into boxes; the answer stands in your config.toml. Without a terminal it does not come. */
export async function decideImport(context: Context, config: Config, { agent, asks, never }: Decision): Promise<Config> {
  const { host, note } = context
  const { imports, title } = agent
  const having = (word: 'on' | 'off'): Config => ({ ...config, settings: { ...config.settings, importConfig: word } })
  if (never) return having('off')
  if (!asks || config.settings.importConfig !== 'ask' || imports === null || !canAsk(context) || !isThere(host, imports))
    return config
  const place = shown(tilde(ownFolder(host, imports, '').path, host.home))
  const answer = readAnswer(
    context,
    `your ${title} set-up (${place}) has instructions, MCP servers, plugins and environment settings; history and logins stay out,\nand other secrets are recognised by name and pattern only. Bring a read-only copy into every sandbox? [Y/n]: `,
    CLOSED,
  )
  if (answer === CLOSED) return config
  const word = ['', 'y', 'yes'].includes(answer) ? 'on' : 'off'
  const key = keyOf('importConfig')
  // Not with every start: they load what checks a file.
  const [{ setKey }, { changeFile }] = await Promise.all([
    import('../../config/files/edit.ts'),
    import('../../project/editable.ts'),
  ])
  const { file } = await changeFile(host, false, (editable) => setKey(editable, key, word))
  note(`${shown(file)}: ${key} = "${word}"`)
  return having(word)
}

/** No line of a terminal. */
const CLOSED = '\0'

/** Names what stays out, once for each copy: nothing is told again while nothing changes. */
export function noteLeft({ note }: Context, imported: Imported | null): void {
  if (imported === null || imported.left.length === 0) return
  const { store, name } = imported.gather
  if (!existsSync(join(store, name)))
    note(`not brought into the sandbox: ${shown(firstOf(imported.left, 20))}; list it: paude plugins`)
}
