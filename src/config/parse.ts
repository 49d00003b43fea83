import TOML from '@iarna/toml'
import * as v from 'valibot'
import { PaudeError } from '../errors.ts'
import { states } from '../notify/change.ts'
import { type NotifySettings, SILENT, type TerminalWay, terminalWays } from '../notify/settings.ts'
import { nearest } from './nearest.ts'
import type { Layer } from './read-flags.ts'

const text = v.pipe(v.string(), v.nonEmpty('must not be empty'))
const number = v.union([text, v.pipe(v.number(), v.transform(String))], 'must be a number or a text like "2"')

const seconds = (least: number, most: number) =>
  v.pipe(
    v.number(),
    v.check((value) => value >= least && value <= most, `must be a number of seconds from ${least} to ${most}`),
  )
const isLoopback = (host: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

const isTerminalWay = (way: string): way is TerminalWay => terminalWays.some((known) => known === way)

const Webhook = v.pipe(
  v.strictObject({
    url: v.pipe(
      v.string(),
      v.check(
        (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
        'must be a web address like https://example.org/hook',
      ),
      v.check(
        (value) => (URL.parse(value)?.username ?? '') === '',
        'must not hold a password; write token = "env:NAME" or "file:PATH"',
      ),
    ),
    token: v.optional(
      v.pipe(
        v.string(),
        v.check(
          (value) => /^(env:[A-Za-z_]\w*|file:(\/|~\/).+)$/.test(value),
          'must say where the token is: "env:NAME" or "file:/path"',
        ),
      ),
    ),
    timeout: v.optional(seconds(0.1, 60)),
  }),
  v.check(
    ({ url, token }) => token === undefined || url.startsWith('https:') || isLoopback(URL.parse(url)?.hostname ?? ''),
    'must have an https address, or one of this machine, to be given a token',
  ),
)

const Notify = v.strictObject({
  on: v.optional(v.array(v.picklist(states))),
  every: v.optional(seconds(0, 86_400)),
  active: v.optional(seconds(0, 86_400)),
  desktop: v.optional(v.boolean()),
  terminal: v.optional(
    v.pipe(
      v.union([v.string(), v.array(v.string())], 'a text or a list'),
      v.transform((value) => [value].flat()),
      v.everyItem(isTerminalWay, `must be of ${terminalWays.join(', ')}`),
      v.transform((ways) => ways.filter(isTerminalWay)),
    ),
  ),
  command: v.optional(
    v.pipe(
      v.array(v.string()),
      v.check(
        ([program = '']) => /^(\/.+|[^/~]+)$/.test(program),
        'must begin with a program: a name in PATH, or a path from the root',
      ),
    ),
  ),
  webhook: v.optional(Webhook),
})

/** The user's config.toml: every key optional, no key unknown. */
export const UserFile = v.strictObject({
  backend: v.optional(v.picklist(['auto', 'docker', 'podman'])),
  image: v.optional(
    v.strictObject({
      ref: v.optional(text),
      agent_version: v.optional(text),
      base: v.optional(text),
      pull: v.optional(v.picklist(['always', 'missing', 'never'])),
      ca_files: v.optional(v.array(text)),
    }),
  ),
  network: v.optional(
    v.strictObject({
      mode: v.optional(v.picklist(['restricted', 'open', 'none'])),
      allow: v.optional(v.array(text)),
      deny: v.optional(v.array(text)),
      groups: v.optional(v.array(text)),
      upstream_proxy: v.optional(text),
      upstream_credentials: v.optional(
        v.pipe(
          v.string(),
          v.check(
            (value) => /^(env:[A-Za-z_]\w*|file:(\/|~\/).+)$/.test(value),
            'must say where name:password is: "env:NAME" or "file:/path"',
          ),
        ),
      ),
      upstream_except: v.optional(v.array(text)),
      dns: v.optional(v.array(text)),
      bandwidth: v.optional(text),
      inject: v.optional(v.picklist(['bump', 'base-url'])),
    }),
  ),
  limits: v.optional(v.strictObject({ cpus: v.optional(number), memory: v.optional(text), pids: v.optional(number) })),
  terminal: v.optional(v.strictObject({ detach_keys: v.optional(text), scrollback: v.optional(number) })),
  mounts: v.optional(v.array(text)),
  env: v.optional(v.array(text)),
  notify: v.optional(Notify),
})
export type UserFile = v.InferOutput<typeof UserFile>

/** Reads the user's file; null when it exists but could not be read. A broken file is fatal, never skipped. */
export function parseConfigFile(file: string, content: string | null): Layer {
  if (content === null) throw new PaudeError('config', `cannot read ${file}`, { hint: `check its permissions, or remove it` })
  const result = v.safeParse(UserFile, plain(file, content))
  if (!result.success) throw invalid(file, content, result.issues[0])
  const { backend, image, network, limits, terminal, mounts, env, notify } = result.output
  return withoutGaps({
    backend,
    image: image?.ref,
    imageBase: image?.base,
    agentVersion: image?.agent_version,
    pull: image?.pull,
    caFile: image?.ca_files,
    network: network?.mode,
    networkAllow: network?.allow,
    networkDeny: network?.deny,
    networkGroups: network?.groups,
    networkWays: network === undefined ? undefined : networkWays(network),
    inject: network?.inject,
    cpus: limits?.cpus,
    memory: limits?.memory,
    pids: limits?.pids,
    detachKeys: terminal?.detach_keys,
    scrollback: terminal?.scrollback,
    mount: mounts,
    env,
    notify: notify === undefined ? undefined : notifySettings(notify),
  })
}

const networkWays = (network: NonNullable<UserFile['network']>): Layer['networkWays'] & object => ({
  upstreamProxy: network.upstream_proxy ?? '',
  upstreamCredentials: network.upstream_credentials ?? '',
  upstreamExcept: network.upstream_except ?? [],
  dns: network.dns ?? [],
  bandwidth: network.bandwidth ?? '',
})

const notifySettings = ({ webhook, terminal, ...rest }: v.InferOutput<typeof Notify>): NotifySettings => ({
  ...SILENT,
  ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<NotifySettings>),
  terminal: terminal ?? [],
  webhook: webhook === undefined ? null : { url: webhook.url, token: webhook.token ?? '', timeout: webhook.timeout ?? 5 },
})

/** The parser leaves null prototypes, symbols and BigInts behind; JSON does not. */
function plain(file: string, content: string): unknown {
  try {
    return JSON.parse(
      JSON.stringify(TOML.parse(content), (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
    )
  } catch (cause) {
    const { line, message } = cause as { line?: number; message: string }
    throw new PaudeError(
      'config',
      `${file}${line === undefined ? '' : `:${line + 1}`}: not valid TOML: ${(message.split('\n')[0] ?? '').replace(/ at row.*$/, '')}`,
      {
        hint: 'correct that line',
        cause,
      },
    )
  }
}

function invalid(file: string, content: string, issue: v.BaseIssue<unknown>): PaudeError {
  const path = v.getDotPath(issue) ?? ''
  const place = `${file}${lineOf(content, path)}`
  const key = path.split('.').at(-1) ?? ''
  if (issue.expected === 'never') {
    const close = nearest(key, KEYS)
    return new PaudeError('config', `${place}: unknown key ${path}`, {
      hint: close === null ? `known keys: ${KEYS.join(', ')}` : `did you mean ${close}?`,
    })
  }
  if (issue.received === 'undefined') return new PaudeError('config', `${place}: ${path} is missing`, { hint: `add ${path}` })
  if (issue.type === 'check' || issue.type === 'every_item')
    return new PaudeError('config', `${place}: ${path} ${issue.message}`, { hint: `correct ${path}` })
  return new PaudeError('config', `${place}: ${path} must be ${issue.expected ?? 'something else'}, found ${issue.received}`, {
    hint: `correct ${path}`,
  })
}

/** `:4` where a key stands, or '' where it is written in a way that only a parser could find. */
function lineOf(content: string, path: string): string {
  let section = ''
  const lines = content.split('\n')
  const at = lines.findIndex((line) => {
    section = /^\s*\[\s*([\w.-]+)\s*\]/.exec(line)?.[1] ?? section
    const key = /^\s*([\w.-]+)\s*=/.exec(line)?.[1]
    const here = key === undefined ? section : section === '' ? key : `${section}.${key}`
    return here === path
  })
  return at === -1 ? '' : `:${at + 1}`
}

const KEYS = [
  'backend',
  'image',
  'ref',
  'base',
  'pull',
  'ca_files',
  'network',
  'mode',
  'allow',
  'deny',
  'groups',
  'upstream_proxy',
  'upstream_credentials',
  'upstream_except',
  'dns',
  'bandwidth',
  'inject',
  'limits',
  'cpus',
  'memory',
  'pids',
  'terminal',
  'detach_keys',
  'scrollback',
  'mounts',
  'env',
  'notify',
  'on',
  'every',
  'active',
  'desktop',
  'terminal',
  'command',
  'webhook',
  'url',
  'token',
  'timeout',
]

const withoutGaps = (layer: { readonly [Key in keyof Layer]: Layer[Key] | undefined }): Layer =>
  Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined)) as Layer
