import type { AgentEntry } from '../../agents/recipe.ts'
import type { LifecycleStep } from '../../box/lifecycle-step.ts'
import { bindingsOf, type HostCredential } from '../../credentials/host-credential.ts'
import { type Reference, renewedEvery, type SecretSource, sourceOfSecret } from '../../credentials/source.ts'
import type { ReadCertificates } from '../../image/ca.ts'
import type { ImageBuild } from '../../image/project-build.ts'
import { commandLine } from '../../plan/shell.ts'
import { rowOf, type Setting } from '../sections/rows.ts'

/** A value of a setting as it is shown to whoever decides about it: hosts by the name that is called, whatever letters were written. */
export function settingText(setting: Setting, value: unknown): string {
  const { held } = rowOf(setting)
  const text = entryText(value)
  return held === undefined ? text : held(text)
}

/** Everything a value does, and no secret. */
export function entryText(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return String(entry)
  if ('credential' in entry) return credentialText(entry as HostCredential)
  if ('keychain' in entry || 'codex' in entry || ('command' in entry && !('kind' in entry)))
    return secretText(entry as Exclude<SecretSource, ''>)
  if ('kind' in entry && entry.kind === 'agent') return agentText(entry as AgentEntry)
  const value = entry as ImageBuild | LifecycleStep | ((Reference | ReadCertificates) & { readonly kind?: undefined })
  switch (value.kind) {
    case undefined:
      return 'path' in value ? value.path : `${value.name} = ${sourceText(value)}`
    case 'build':
      return buildText(value)
    case 'link':
      return `/workspaces/${value.name} links to ${value.folder}`
    case 'export':
      return `remoteEnv.${value.name} = ${value.value}`
    case 'run':
      return [
        `${value.stage}${value.name === '' ? '' : `.${value.name}`}:`,
        typeof value.command === 'string' ? value.command : commandLine(value.command),
      ].join(' ')
  }
}

/** Where a variable's value is, as it is shown. */
export function sourceText({ source }: Pick<Reference, 'source'>): string {
  if (typeof source === 'string') return source
  if ('template' in source) return source.template
  if ('codex' in source) return `ChatGPT login of Codex in ${source.codex}`
  return 'keychain' in source ? `keychain ${source.keychain}` : `command ${source.join(' ')}`
}

/** The same of a secret, which may be asked for again. */
export const secretText = (source: Exclude<SecretSource, ''>): string => {
  const every = typeof source !== 'string' && 'codex' in source ? 0 : renewedEvery(source)
  return `${sourceText({ source: sourceOfSecret(source) })}${every === 0 ? '' : ` every ${every} s`}`
}

/** A credential with where it is and where it goes. */
function credentialText(credential: HostCredential): string {
  const { injections } = bindingsOf(credential)
  const hosts = [...new Set(injections.map(({ host, port }) => (port === 443 ? host : `${host}:${port}`)))]
  const { value } = credential
  return `${credential.credential}: ${secretText(value)} for ${hosts.join(', ')}`
}

/** Each key with its whole value. */
const agentText = ({ kind: _, name, ...said }: AgentEntry): string =>
  `${name}: ${Object.entries(said)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
    .join(', ')}`

const buildText = ({ dockerfile, context, target, args, base, features }: ImageBuild): string =>
  [
    dockerfile === null
      ? `on ${base || "paude's own image"}`
      : `${dockerfile.path}, whose steps run outside the wall with the files of ${context}`,
    ...(target === '' ? [] : [`target ${target}`]),
    ...Object.entries(args).map(([name, value]) => `arg ${name}=${value}`),
    ...features.map(
      ({ name, options, folder, digest }) =>
        `feature ${name} ${JSON.stringify(options)}${folder && ` of ${folder}`}${digest && ` at ${digest}`}, installed outside the wall`,
    ),
  ].join(', ')
