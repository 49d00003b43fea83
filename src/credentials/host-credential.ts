import { PaudeError } from '../errors.ts'
import type { Injection } from '../network/allow.ts'
import { HOST_NAME } from '../network/names.ts'
import { type Form, isKind, type KindName, type KindPlace, kinds, pathPattern } from './kinds.ts'
import type { FileSource } from './source.ts'

/** A credential for a host of the user's choice, as a file says it: never its value. */
export type HostCredential = {
  /** What it is called: in a table its key, else its kind or its host. */
  readonly credential: string
  readonly kind: KindName | ''
  /** With a port where that is not 443; '' for that of its kind. */
  readonly host: string
  readonly paths: readonly string[]
  readonly methods: readonly string[]
  /** `NAME`, or `NAME: WORD` with a word before the secret; '' for another form. */
  readonly header: string
  /** Name of a basic login; '' for another form, or for that of its kind. */
  readonly basic: string
  /** Parameter of the query; '' for another form. */
  readonly query: string
  readonly value: Exclude<FileSource, ''>
  /** Whether the login of GitHub CLI was asked for. */
  readonly isFromGh: boolean
  /** What the sandbox sees; '' for one that paude makes up. */
  readonly placeholder: string
  /** Variables of the sandbox that have the placeholder. */
  readonly variables: readonly string[]
  /** The agents whose sessions have it; none for all. */
  readonly agents: readonly string[]
  /** `owner/name` of the repositories that it is for; none for all. */
  readonly repos: readonly string[]
  readonly access: 'read' | 'write'
  /** Whether only where somebody wants it. */
  readonly when: 'always' | 'wanted'
}

/** Where it goes, and what the sandbox is told. */
export type Bindings = {
  readonly injections: readonly Injection[]
  /** Name of the basic login at each injection; '' for another form. */
  readonly users: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Addresses of git remotes, each with what it is replaced by. */
  readonly remotes: readonly (readonly [from: string, to: string])[]
}

/** Pure: what a credential means for the proxy and the sandbox. */
export function bindingsOf(credential: HostCredential): Bindings {
  const kind = credential.kind === '' ? null : kinds[credential.kind]
  // Programs do not take the usual port for a part of a name.
  const host = (credential.host || (kind?.host() ?? '')).replace(/:443$/, '')
  const [name = '', port = '443'] = host.split(':')
  const placeholder = placeholderOf(credential)
  const places: readonly KindPlace[] = kind === null ? [ownPlace(credential, name)] : kind.places(credential, name)
  return {
    injections: places.map(({ host: place, methods, api, never, form }) => ({
      host: place.toLowerCase(),
      // Only a host of your own has a port of its own.
      port: Number(port),
      scheme: 'https',
      way: 'bump',
      ...headerOf(form),
      prefix: '',
      api,
      bound: {
        methods: [...methods],
        ...neverOf(never, credential),
        ...(form.kind === 'query' ? { query: form.name } : {}),
        placeholder,
      },
    })),
    users: places.map(({ form }) => (form.kind === 'basic' ? form.user : '')),
    environment: {
      ...(kind === null ? {} : kind.variables(placeholder, host.toLowerCase())),
      ...Object.fromEntries(credential.variables.map((variable) => [variable, placeholder])),
    },
    remotes: (kind?.remotes(name) ?? []).map((from) => [from, `https://${host}/`]),
  }
}

/** Where paths are chosen, their letters are plain: some servers read dots and slashes out of invalid UTF-8. */
function neverOf(never: string | undefined, { paths }: HostCredential): { readonly never?: string } {
  const all = [...(never === undefined ? [] : [never]), ...(paths.length === 0 ? [] : ['^[^?]*[^!-~][^!-~]'])]
  return all.length === 0 ? {} : { never: all.join('|') }
}

function headerOf(form: Form): Pick<Injection, 'header' | 'lead'> {
  switch (form.kind) {
    case 'header':
      return { header: form.header, lead: form.lead }
    case 'basic':
      return { header: 'Authorization', lead: 'Basic' }
    case 'query':
      return { header: '', lead: '' }
  }
}

function formOf({ header, basic, query }: HostCredential): Form {
  const [name = '', lead = ''] = header.split(/: */)
  if (query !== '') return { kind: 'query', name: query }
  return header === '' ? { kind: 'basic', user: basic } : { kind: 'header', header: name, lead }
}

function ownPlace(credential: HostCredential, host: string): KindPlace {
  const { methods, paths } = credential
  return {
    host,
    methods: methods.length === 0 ? ['GET', 'HEAD'] : methods,
    api: (paths.length === 0 ? ['/**'] : paths).map(pathPattern).join('|'),
    form: formOf(credential),
  }
}

/** Of the right shape, the same every time, worth nothing. */
const placeholderOf = ({ placeholder, kind, credential }: HostCredential): string =>
  placeholder ||
  `${kind === '' ? '' : kinds[kind].shape}paude-placeholder-of-${credential.replace(/[^A-Za-z0-9-]/g, '-')}-which-stays-outside`

/** What stands in the header behind its word. Throws `config` for a value that no header can have. */
export function headerValue(value: string, user: string, where: string): string {
  const text = user === '' ? value : Buffer.from(`${user}:${value}`).toString('base64')
  // As squid/secret reads it.
  if (text.length <= 8192 && /^[A-Za-z0-9._~+/=:,@!*-]+$/.test(text)) return text
  throw new PaudeError('config', `${where}: the value has characters that a header cannot carry safely`, {
    hint: 'it must be only the credential, in letters, digits and . _ ~ + / = : , @ ! * -',
  })
}

/** What is wrong with one; null where nothing is. */
export function hostFault(credential: HostCredential): string | null {
  const { kind, host, header, basic, query, methods, paths, repos, isFromGh, placeholder, variables } = credential
  const known = kind === '' ? null : kinds[kind]
  if (
    host !== '' &&
    !/^(?!.*\.\.)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?(:[1-9]\d{0,4})?$/.test(host)
  )
    return 'host must be one full host name, such as "api.example.org" or "git.example.org:8443"'
  if (Number(host.split(':')[1] ?? 443) > 65_535) return 'the port of host must be 1 to 65535'
  if (host === '' && (known?.host() ?? '') === '')
    return known === null
      ? 'host is missing'
      : `host is missing: write the host of your registry, as your client's configuration has it`
  if (/(^|\.)paude\.internal(:|$)/.test(host) && !host.startsWith(`${HOST_NAME}`))
    return 'host must be a host of the world, or a port of this machine'
  if (host.startsWith(`${HOST_NAME}`) && !host.includes(':'))
    return `host must name a port of this machine, such as "${HOST_NAME}:8443"`
  if (isFromGh && kind !== 'github') return '"gh" is for GitHub alone'
  const fault = known === null ? ownFault(credential) : kindFault(credential)
  if (fault !== null) return fault
  if (!/^([A-Za-z][A-Za-z0-9-]*(: *[A-Za-z]+)?)?$/.test(header))
    return 'header must be the name of a header, such as "X-Api-Key", or a name and a word, such as "Authorization: Bearer"'
  if (/^(host|content-length|transfer-encoding|connection|upgrade|expect|te|trailer|via|proxy-.*)(:|$)/i.test(header))
    return `${header.split(':')[0]} is a header of the connection itself, so it cannot carry a credential`
  if (!/^([A-Za-z][A-Za-z0-9_.-]{0,63})?$/.test(query)) return 'query must be the name of a parameter, such as "key"'
  if (!/^[!-9;-~]*$/.test(basic)) return 'basic must be the name of the login, without a colon or spaces'
  const method = methods.find((one) => !METHODS.includes(one))
  if (method !== undefined) return `methods must be of ${METHODS.join(', ')}`
  const path = paths.find((one) => !/^\/[A-Za-z0-9._~@:+,=!&()*/-]*$/.test(one) || /\/\/|\/\.\.?(\/|$)/.test(one))
  if (path !== undefined) return 'paths must begin with / and be plain, such as "/api/**" or "/v1/items/*"'
  const repo = repos.find((one) => !/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)+$/.test(one) || /(^|\/)\.\.?(\/|$)/.test(one))
  if (repo !== undefined) return 'repos must be like "owner/name"'
  if (placeholder !== '' && !/^[\w.-]{16,200}$/.test(placeholder))
    return 'placeholder must be 16 to 200 letters, digits, and . _ -'
  if (variables.some((name) => !/^[A-Za-z_]\w*$/.test(name))) return 'variable must be the name of an environment variable'
  return null
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

function ownFault({ header, basic, query, repos }: HostCredential): string | null {
  if ([header, basic, query].filter((one) => one !== '').length !== 1)
    return 'write one of header = "NAME", basic = "USER" and query = "PARAMETER", or kind for a known service'
  return repos.length > 0 ? 'repos is for kinds with repositories; write paths' : null
}

function kindFault({ kind, header, basic, query, methods, paths, repos }: HostCredential): string | null {
  if (!isKind(kind)) return null
  const { narrows, needsUser, title } = kinds[kind]
  if (header !== '' || query !== '') return `a credential of kind ${kind} has its own header`
  if (methods.length > 0) return `a credential of kind ${kind} has its own methods; write access = "read" or "write"`
  if (narrows === 'repos' && paths.length > 0) return `${title} is narrowed by repos, not by paths`
  if (narrows === 'paths' && repos.length > 0) return `${title} is narrowed by paths, not by repos`
  if (needsUser && basic === '') return 'basic is missing: write the name of your login'
  if (basic !== '' && !needsUser && kind !== 'pypi') return `a credential of kind ${kind} has its own login name`
  return null
}
