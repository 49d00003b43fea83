import type { Extension } from '../../agents/imports.ts'
import { agentOf } from '../../agents/registry.ts'
import { uncovered } from '../../config/keys/rules.ts'
import type { Settings } from '../../config/keys/settings.ts'
import { type Imported, lookOwn, projectExtensions } from '../../imports/look.ts'
import { parseEntry } from '../../network/groups.ts'
import { commandLine } from '../../plan/shell.ts'
import { firstOf, quotedLines, shown } from '../../text.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import { alsoTaking, READS, taking } from '../front-flags.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { configHere } from './config-here.ts'

type Listed = Pick<Extension, 'kind' | 'name' | 'from' | 'hosts' | 'programs'> & {
  /** Why it does not come into a sandbox; '' where it does. */
  readonly out: string
  /** Hosts that it needs and that a start here does not allow. */
  readonly blocked: readonly string[]
}

export default verb({
  description: 'List your plugins and MCP servers, and which of them a sandbox here gets',
  details:
    'A server at an address needs its host on the allowlist. A server that is a program needs the program in the image. Plugins use the network of the session.',
  front: alsoTaking(READS, taking('profile', 'ignore-project-config')),
  examples: [
    ['paude plugins', 'each with what it needs, and why it stays out'],
    ['paude plugins --json', 'the same for a program'],
  ],
  args: { json: { type: 'boolean', description: 'Print the list as JSON' } },
  async run(context, { json }) {
    const { host, answer, note } = context
    const { settings } = (await configHere(context)).config
    const { imports, title } = agentOf(settings)
    if (imports === null) {
      note(`${title} has no plugins that paude knows`)
      return 0
    }
    const place = { rules: settings, project: projectFolders(host)[0] ?? host.cwd }
    const own = lookOwn(host, imports, place)
    const listed = [...own.extensions, ...projectExtensions(imports, place, own.extensions)].map((one) => judged(one, settings))
    if (json) {
      answer(quotedLines({ import: settings.importConfig, left: own.left, extensions: listed }))
      return 0
    }
    if (listed.length > 0) answer(table(HEAD, listed.map(cells), fit(host)))
    else note('no plugins and no MCP servers were found')
    tell(note, { own, listed, settings })
    return 0
  },
})

const HEAD = ['NAME', 'KIND', 'FROM', 'NEEDS', 'IN SANDBOX']

function judged({ kind, name, from, hosts, programs, out }: Extension, settings: Settings): Listed {
  const off = from !== 'project' && settings.importConfig !== 'on' ? `agent_config.import is ${settings.importConfig}` : ''
  const open = settings.network === 'open'
  return { kind, name, from, hosts, programs, out: off || out, blocked: open ? [] : uncovered('networkAllow', hosts, settings) }
}

const cells = ({ kind, name, from, hosts, programs, out }: Listed): readonly string[] =>
  [name, kind, from, [...hosts, ...programs].join(' ') || '-', out === '' ? 'yes' : `no: ${out}`].map(shown)

/** What to type next, and what stays out besides. */
function tell(
  note: (text: string) => void,
  { own, listed, settings }: { readonly own: Imported; readonly listed: readonly Listed[]; readonly settings: Settings },
): void {
  const coming = listed.filter(({ out }) => out === '')
  const hosts = (isOfProject: boolean) =>
    [...new Set(coming.filter(({ from }) => (from === 'project') === isOfProject).flatMap(({ blocked }) => blocked))].filter(
      isHost,
    )
  const [yours, theirs] = [hosts(false), hosts(true)]
  if (yours.length > 0) note(`not on the allowlist yet: ${commandLine(['paude', 'network', 'allow', '--user', ...yours])}`)
  if (theirs.length > 0)
    note(`servers of this project, not on the allowlist yet: ${commandLine(['paude', 'network', 'allow', ...theirs])}`)
  if (coming.some(({ programs }) => programs.length > 0))
    note('a server that is a program starts if the image has it: paude run -- which PROGRAM')
  if (own.left.length > 0) note(`not brought into the sandbox: ${shown(firstOf(own.left, 50))}`)
  if (settings.importConfig !== 'on' && own.extensions.length > 0)
    note('to bring your own in: paude config set agent_config.import on')
}

/** Whether an allowlist takes it. Addresses of servers are a stranger's words, and none of them names many hosts. */
function isHost(entry: string): boolean {
  try {
    return !/[*@]/.test(entry) && parseEntry(entry, '').length > 0
  } catch {
    return false
  }
}
