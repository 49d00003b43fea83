import { isSecretName, mayHoldSecret } from '../../../credentials/looks-secret.ts'
import { type Extension, type ImportWish, patternName } from '../../imports.ts'
import { type Table, table, texts } from './json.ts'

type Server = { readonly server: Table; readonly left: readonly string[] } | { readonly out: string }

/** Headers by which somebody is known. */
const CREDENTIAL_HEADER = /auth|cookie|token|key|secret|passw|(^|-)pat$/i

/** Options whose value is a secret. */
const CREDENTIAL_OPTION = /^--?[\w-]*(token|secret|password|api-?key)[\w-]*(=(.*))?$/i

/** A value in an address that is a secret, and no reference. */
const CREDENTIAL_QUERY = /[?&#][^=&]*(token|secret|key|auth|passw)[^=&]*=(?!\$\{\w+(:-)?\}(&|#|$))[^&]/i

/** A text that refers to variables and says nothing else but a scheme. */
const isReference = (text: string): boolean => /^([A-Za-z]+ )?(\$\{\w+(:-)?\})+$/.test(text)

/** MCP servers with references in the place of secrets. */
export function bringServers(
  found: Table,
  { may, home, from }: Pick<ImportWish, 'may'> & { readonly home: string; readonly from: string },
): { readonly servers: Table; readonly left: readonly string[]; readonly extensions: readonly Extension[] } {
  const read = Object.entries(found).map(([name, config]) => {
    const result = may(patternName({ kind: 'mcp', name })) ? bringServer(name, table(config), home) : { out: BY_PATTERN }
    return { name, config: table(config), result }
  })
  return {
    servers: Object.fromEntries(read.flatMap(({ name, result }) => ('server' in result ? [[name, result.server]] : []))),
    left: read.flatMap(({ name, result }) => ('server' in result ? result.left : [`mcpServers.${name} (${result.out})`])),
    extensions: read.map(({ name, config, result }) => ({
      kind: 'mcp',
      name,
      from,
      ...serverNeeds(config),
      out: 'server' in result ? '' : result.out,
    })),
  }
}

/** Servers of the project: the box has its file. */
export const projectServers = (found: Table, may: ImportWish['may']): readonly Extension[] =>
  Object.entries(found).map(([name, config]) => ({
    kind: 'mcp',
    name,
    from: 'project',
    ...serverNeeds(table(config)),
    out: may(patternName({ kind: 'mcp', name })) ? '' : BY_PATTERN,
  }))

/** Why something is out that a pattern keeps out. */
export const BY_PATTERN = 'plugins.deny or plugins.allow'

type Needs = Pick<Extension, 'hosts' | 'programs' | 'command' | 'url'>

/** What a server needs: the host of its address, or its program. */
export function serverNeeds({ url, command, args }: Table): Needs {
  if (typeof url !== 'string') {
    const program = typeof command === 'string' ? [command] : []
    return { hosts: [], programs: program, command: [...program, ...texts(args)], url: '' }
  }
  const { protocol = '', hostname = '', port = '' } = URL.parse(url) ?? {}
  const usual = protocol === 'https:' ? '443' : '80'
  return { hosts: hostname === '' ? [] : [`${hostname}:${port || usual}`], programs: [], command: [], url }
}

function bringServer(name: string, config: Table, home: string): Server {
  const { url, command } = config
  if (typeof url === 'string') return remote(name, config, url)
  if (typeof command !== 'string') return { out: 'neither a program nor an address' }
  if (/^(~|\$\{?HOME)/.test(command) || (home !== '' && command.startsWith(`${home}/`)))
    return { out: 'its program is a file of this machine' }
  const args = texts(config['args'])
  const told = args.some((arg, at) => {
    const option = CREDENTIAL_OPTION.exec(arg)
    const value = option === null ? '' : (option[3] ?? args[at + 1] ?? '')
    return value !== '' && !isReference(value)
  })
  const secret = told || mayHoldSecret([command, ...args].join('\n'))
  if (secret) return { out: 'its words may hold a secret: name a variable there, and start with --env NAME' }
  const [env, left] = referring(table(config['env']), name)
  return { server: { type: 'stdio', command, args, ...(Object.keys(env).length > 0 ? { env } : {}) }, left }
}

function remote(name: string, { type, headers }: Table, url: string): Server {
  const { username = '', password = '', search = '', hash = '' } = URL.parse(url) ?? {}
  if (username + password !== '' || mayHoldSecret(url) || CREDENTIAL_QUERY.test(search + hash))
    return { out: 'its address may hold a secret: name a variable there, and start with --env NAME' }
  const all = Object.entries(table(headers)).map(([header, value]) => [header, String(value)] as const)
  const out = all.filter(([header, value]) => !isReference(value) && (CREDENTIAL_HEADER.test(header) || mayHoldSecret(value)))
  const rest = all.filter((one) => !out.includes(one))
  return {
    server: {
      type: type === 'sse' ? 'sse' : 'http',
      url,
      ...(rest.length > 0 ? { headers: Object.fromEntries(rest) } : {}),
    },
    left: out.map(
      ([header]) => `mcpServers.${name}.headers.${header} (a secret: name a variable there, and start with --env NAME)`,
    ),
  }
}

/** Variables whose secrets are references: who starts with `--env NAME` gives the value. */
function referring(env: Table, server: string): readonly [Table, readonly string[]] {
  const left: string[] = []
  const rest = Object.entries(env).map(([name, value]) => {
    const text = String(value)
    if (isReference(text) || !(isSecretName(name) || /_HEADERS$/i.test(name) || mayHoldSecret(text))) return [name, text]
    left.push(`mcpServers.${server}.env.${name} (a secret; start with --env ${name})`)
    return [name, `\${${name}:-}`]
  })
  return [Object.fromEntries(rest), left]
}
