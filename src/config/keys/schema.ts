import * as v from 'valibot'
import { isAgent, noAgent } from '../../agents/names.ts'
import { readCpus, readMemory, readPids } from '../../box/limits.ts'
import { readBandwidth } from '../../network/ways.ts'
import { Env } from './env-schema.ts'
import { Notify } from './notify-schema.ts'
import { Command, REFERENCE } from './reference-schema.ts'

const text = v.pipe(v.string(), v.nonEmpty('must not be empty'))
const number = v.union([text, v.pipe(v.number(), v.transform(String))], 'must be a number or a text like "2"')
const texts = v.array(text)
const NO_PORT = 'must be 1 to 65535'
const port = v.pipe(v.number(), v.integer(NO_PORT), v.minValue(1, NO_PORT), v.maxValue(65_535, NO_PORT), v.transform(String))
const truth = v.pipe(
  v.boolean(),
  v.transform((on) => `${on}` as const),
)

const succeeds = (read: (value: string) => unknown) => (value: string) => {
  try {
    read(value)
    return true
  } catch {
    return false
  }
}

/** What is wrong with a text is told without the text: it may be the secret itself. */
const Source = v.optional(
  v.pipe(
    v.union([v.string(), Command], 'must be a text, or { command = [...] }'),
    v.check(
      (value) => typeof value !== 'string' || REFERENCE.test(value),
      'must say where it stands and never hold it: "env:NAME", "file:/path" or { command = [...] }',
    ),
  ),
)

const Provider = v.pipe(
  v.strictObject({ base_url: v.optional(text), api_key: Source, auth_token: Source, oauth_token: Source }),
  v.check(
    ({ api_key, auth_token, oauth_token }) =>
      [api_key, auth_token, oauth_token].filter((source) => source !== undefined).length < 2,
    'can have one of api_key, auth_token and oauth_token, and not several',
  ),
)

const Engine = v.strictObject({ extra_flags: v.optional(v.array(v.string())) })

/** `off`, `use`, or the name of one folder. */
export const DEVCONTAINER = /^[A-Za-z0-9][\w.-]*$/

const sections = {
  agent: v.optional(
    v.pipe(
      v.string(),
      v.check(isAgent, ({ input }) => noAgent(input)),
    ),
  ),
  backend: v.optional(v.picklist(['auto', 'docker', 'podman'])),
  fallback: v.optional(v.picklist(['none', 'host'])),
  devcontainer: v.optional(
    v.pipe(v.string(), v.regex(DEVCONTAINER, 'must be "off", "use", or the name of a folder in .devcontainer')),
  ),
  provider: v.optional(Provider),
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
            v.check((name) => /^@?[a-z][a-z0-9-]*$/.test(name), 'must be the name of a group, like "@github"'),
          ),
        ),
      ),
      ports: v.optional(v.pipe(v.array(port), v.minLength(1, 'must name a port, or be left out'))),
      upstream_proxy: v.optional(text),
      upstream_credentials: v.optional(
        v.pipe(text, v.regex(REFERENCE, 'must say where NAME:PASSWORD stands: "env:NAME" or "file:/path"')),
      ),
      upstream_except: v.optional(texts),
      dns: v.optional(texts),
      ip: v.optional(v.picklist(['any', 'ipv4'])),
      bandwidth: v.optional(
        v.pipe(text, v.check(succeeds(readBandwidth), 'must be bytes a second like "500k" or "5m", or "none"')),
      ),
      inject: v.optional(v.picklist(['bump', 'base-url'])),
    }),
  ),
  limits: v.optional(
    v.strictObject({
      cpus: v.optional(v.pipe(number, v.check(succeeds(readCpus), 'must be a number like 2 or 1.5, or "none"'))),
      memory: v.optional(v.pipe(text, v.check(succeeds(readMemory), 'must be a size like "4g", of 64m at least, or "none"'))),
      pids: v.optional(v.pipe(number, v.check(succeeds(readPids), 'must be a whole number of at least 16, or "none"'))),
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
  security: v.optional(
    v.strictObject({
      read_only_root: v.optional(truth),
      no_new_privileges: v.optional(truth),
      seccomp: v.optional(v.picklist(['default', 'engine', 'off'])),
      project_config: v.optional(v.picklist(['ask', 'restrict', 'ignore'])),
    }),
  ),
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
