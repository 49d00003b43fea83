import * as v from 'valibot'
import { states } from '../notify/change.ts'
import { type NotifySettings, SILENT, type TerminalWay, terminalWays } from '../notify/settings.ts'
import { extraFlagFault } from './extra-flags.ts'
import { readCpus, readMemory, readPids } from './limits.ts'
import type { Reference } from './settings.ts'

const text = v.pipe(v.string(), v.nonEmpty('must not be empty'))
const number = v.union([text, v.pipe(v.number(), v.transform(String))], 'must be a number or a text like "2"')
const texts = v.array(text)

const succeeds = (read: (value: string) => unknown) => (value: string) => {
  try {
    read(value)
    return true
  } catch {
    return false
  }
}

const seconds = (least: number, most: number) =>
  v.pipe(
    v.number(),
    v.check((value) => value >= least && value <= most, `must be a number of seconds from ${least} to ${most}`),
  )
const isLoopback = (host: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

const isTerminalWay = (way: string): way is TerminalWay => terminalWays.some((known) => known === way)

/** Where a secret is: never the secret itself. */
export const REFERENCE = /^(env:[A-Za-z_]\w*|file:(\/|~\/).+)$/s

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
        v.check((value) => REFERENCE.test(value), 'must say where the token is: "env:NAME" or "file:/path"'),
      ),
    ),
    timeout: v.optional(seconds(0.1, 60)),
  }),
  v.check(
    ({ url, token }) => token === undefined || url.startsWith('https:') || isLoopback(URL.parse(url)?.hostname ?? ''),
    'must have an https address, or one of this machine, to be given a token',
  ),
)

const isProgram = ([program = '']: string[]) => /^(\/.+|[^/~]+)$/.test(program)
const PROGRAM = 'must begin with a program: a name in PATH, or a path from the root'

const NotifyKeys = v.strictObject({
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
  command: v.optional(v.pipe(v.array(v.string()), v.check(isProgram, PROGRAM))),
  webhook: v.optional(Webhook),
})

const Notify = v.pipe(
  NotifyKeys,
  v.transform(
    ({ webhook, terminal, ...rest }): NotifySettings => ({
      ...SILENT,
      ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<NotifySettings>),
      terminal: terminal ?? [],
      webhook: webhook === undefined ? null : { url: webhook.url, token: webhook.token ?? '', timeout: webhook.timeout ?? 5 },
    }),
  ),
)

/** Names whose values belong into no file of configuration. */
const SECRET_NAME = /(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIALS?)$/i

const Command = v.strictObject({ command: v.pipe(v.array(v.string()), v.check(isProgram, PROGRAM)) })

/** `[env]`: text is a value, `env:NAME` and `file:PATH` are references, a program prints the value. */
const EnvTable = v.pipe(
  v.record(v.pipe(v.string(), v.regex(/^[A-Za-z_]\w*$/, 'is not the name of a variable')), v.union([v.string(), Command])),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    for (const [key, value] of Object.entries(dataset.value)) {
      const fault = envFault(key, value)
      if (fault !== null)
        addIssue({ message: fault, path: [{ type: 'object', origin: 'value', input: dataset.value, key, value }] })
    }
  }),
  v.transform((table) => {
    const rows = Object.entries(table)
    return {
      env: rows.flatMap(([name, value]) => (isReference(value) ? [] : [`${name}=${String(value)}`])),
      references: rows.flatMap(([name, value]): readonly Reference[] =>
        isReference(value) ? [{ name, source: typeof value === 'string' ? value : value.command }] : [],
      ),
    }
  }),
)

type EnvValue = string | { readonly command: readonly string[] }

const isReference = (value: EnvValue): boolean => typeof value !== 'string' || /^(env|file):/.test(value)

function envFault(name: string, value: EnvValue): string | null {
  if (isReference(value))
    return typeof value !== 'string' || REFERENCE.test(value) ? null : 'must be "env:NAME" or "file:/path" (or "file:~/path")'
  return SECRET_NAME.test(name) && value !== ''
    ? 'looks like a secret, which no file of configuration holds; write "env:NAME", "file:PATH" or { command = [...] }'
    : null
}

const Env = v.union([
  v.pipe(
    texts,
    v.transform((env) => ({ env, references: [] as readonly Reference[] })),
  ),
  EnvTable,
])

const Engine = v.strictObject({
  extra_flags: v.optional(
    v.array(
      v.pipe(
        v.string(),
        v.check(
          (flag) => extraFlagFault(flag) === null,
          ({ input }) => `: ${extraFlagFault(input) ?? ''}`,
        ),
      ),
    ),
  ),
})

/** `off`, `use`, or the name of one folder. */
export const DEVCONTAINER = /^[A-Za-z0-9][\w.-]*$/

const sections = {
  backend: v.optional(v.picklist(['auto', 'docker', 'podman'])),
  devcontainer: v.optional(
    v.pipe(v.string(), v.regex(DEVCONTAINER, 'must be "off", "use", or the name of a folder in .devcontainer')),
  ),
  image: v.optional(
    v.strictObject({
      ref: v.optional(text),
      agent_version: v.optional(text),
      base: v.optional(text),
      pull: v.optional(v.picklist(['always', 'missing', 'never'])),
      ca_files: v.optional(texts),
    }),
  ),
  network: v.optional(
    v.strictObject({
      mode: v.optional(v.picklist(['restricted', 'open', 'none'])),
      allow: v.optional(texts),
      deny: v.optional(texts),
      groups: v.optional(
        v.array(
          v.pipe(
            v.string(),
            v.check((name) => /^@[a-z][a-z0-9-]*$/.test(name), 'must be the name of a group, like "@github"'),
          ),
        ),
      ),
      inject: v.optional(v.picklist(['bump', 'base-url'])),
    }),
  ),
  limits: v.optional(
    v.strictObject({
      cpus: v.optional(v.pipe(number, v.check(succeeds(readCpus), 'must be a number like 2 or 1.5, or "none"'))),
      memory: v.optional(v.pipe(text, v.check(succeeds(readMemory), 'must be a size like "4g", of 64m at least, or "none"'))),
      pids: v.optional(v.pipe(number, v.check(succeeds(readPids), 'must be a whole number of at least 16'))),
    }),
  ),
  workspace: v.optional(
    v.strictObject({
      protect: v.optional(
        v.array(
          v.pipe(
            text,
            v.check(
              (path) => !/^[/~]/.test(path) && !path.split('/').includes('..') && !/^\.?\/*$/.test(path),
              'must be a path in the project, without ..',
            ),
          ),
        ),
      ),
    }),
  ),
  mounts: v.optional(texts),
  env: v.optional(Env),
  docker: v.optional(Engine),
  podman: v.optional(Engine),
  security: v.optional(v.strictObject({ project_config: v.optional(v.picklist(['ask', 'restrict', 'ignore'])) })),
  terminal: v.optional(v.strictObject({ detach_keys: v.optional(text), scrollback: v.optional(number) })),
  notify: v.optional(Notify),
}

const Profile = v.strictObject(sections)

/** Every file of configuration: the user's, a project's, the managed one. Every key optional, no key unknown. */
export const ConfigFile = v.strictObject({
  version: v.optional(v.number()),
  ...sections,
  profiles: v.optional(
    v.record(v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]*$/, 'must be a name of lower-case letters, digits and -')), Profile),
  ),
})
export type ConfigFile = v.InferOutput<typeof ConfigFile>
export type Profile = v.InferOutput<typeof Profile>
