import { isAgent, isAgentName } from '../../agents/names.ts'
import type { AgentEntry } from '../../agents/recipe.ts'
import { isStatePattern } from '../../agents/state.ts'
import { holdsSecret, SECRET_NAME } from '../../credentials/looks-secret.ts'
import { providerNames } from '../../credentials/providers.ts'
import { readAgentVersion } from '../../image/agent-version.ts'
import { readPackage } from '../../image/tools.ts'
import { row, takenBy, text, texts, type Valibot } from '../../key.ts'
import { parseAllow } from '../../network/pattern.ts'
import { requireVariableName } from '../keys/variable-name.ts'

/** A word that becomes one of a command in a Dockerfile. */
const PACKAGE = /^(@[a-z0-9][a-z0-9._-]{0,60}\/)?[A-Za-z0-9][A-Za-z0-9._{}-]{0,100}$/
const IN_PACKAGE = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/{}-]{0,120}$/
const PROGRAM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/
const PLACE =
  /^(~\/(?!\/|.*\/\/|.*\/$|(.*\/)?\.\.?(\/|$))[A-Za-z0-9._/-]{1,200}|\/etc\/(?!paude(\/|$))[a-z0-9][a-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*)$/

/** Files of /etc by which every program of the sandbox works. */
const OF_SYSTEM =
  /^\/etc\/(passwd|group|shadow|hosts|hostname|resolv\.conf|nsswitch\.conf|ld\.so\..*|ssl|ca-certificates.*|pki|environment|profile(\.d)?|bash\.bashrc|gitconfig|claude-code|codex|gemini-cli)(\/|$)/

const install = (v: Valibot) =>
  v.pipe(
    v.strictObject({
      apt: v.optional(v.array(v.pipe(v.string(), v.check(takenBy(readPackage), 'must be names of Debian packages')))),
      npm: v.optional(v.pipe(v.string(), v.regex(PACKAGE, 'must be the name of a package of npm, without a version'))),
      program: v.optional(v.pipe(v.string(), v.regex(IN_PACKAGE, 'must be the path of a program in the package'))),
      pip: v.optional(v.pipe(v.string(), v.regex(PACKAGE, 'must be the name of a package of PyPI, without a version'))),
      script: v.optional(
        v.pipe(
          text(v),
          v.check((lines) => !lines.includes('\0'), 'must not contain a NUL byte'),
        ),
      ),
    }),
    v.check(({ npm, program }) => program === undefined || npm !== undefined, 'has a program, and no npm package that it is in'),
  )

const entry = (v: Valibot) =>
  v.pipe(
    v.strictObject({
      command: v.optional(
        v.pipe(
          v.union([v.string(), v.array(v.string())], 'must be a program, or a list of a program and its arguments'),
          v.transform((value) => (typeof value === 'string' ? value.split(/ +/).filter((word) => word !== '') : value)),
          v.check(([program = '']) => PROGRAM.test(program), 'must begin with the name of a program in PATH'),
        ),
      ),
      install: v.optional(install(v)),
      version: v.optional(v.pipe(v.string(), v.check(takenBy(readAgentVersion), 'must be an exact release, like 1.2.3'))),
      provider: v.optional(v.picklist(['none', ...providerNames])),
      env: v.optional(
        v.pipe(
          v.record(v.pipe(v.string(), v.check(takenBy(requireVariableName), 'is not a variable that you can set')), v.string()),
          v.check(
            (table) =>
              Object.entries(table).every(([name, value]) => value === '' || (!SECRET_NAME.test(name) && !holdsSecret(value))),
            'must not hold a secret; write it below [env] as "env:NAME" or "file:PATH", or name a provider',
          ),
        ),
      ),
      hosts: v.optional(
        v.array(
          v.pipe(
            v.string(),
            v.check(
              takenBy((host) => parseAllow(host, '')),
              'must be hosts like api.example.org',
            ),
          ),
        ),
      ),
      config_files: v.optional(
        v.pipe(
          v.record(v.pipe(v.string(), v.regex(PLACE, 'must be a file below ~/ or /etc/')), v.string()),
          v.check(
            (table) => Object.keys(table).every((place) => !OF_SYSTEM.test(place)),
            'names a file that the system or another agent needs',
          ),
        ),
      ),
      resume: v.optional(texts(v)),
      interactive: v.optional(v.boolean()),
      prints: v.optional(texts(v)),
      state: v.optional(
        v.pipe(
          v.string(),
          v.check(
            isStatePattern,
            'must be "osc", "none", or "title:" and a short pattern with at most two repetitions or groups, and no group that repeats',
          ),
        ),
      ),
      args: v.optional(texts(v)),
    }),
    v.check(
      ({ install: how, version }) => (how?.npm === undefined && how?.pip === undefined) || version !== undefined,
      'needs a version, since it installs a package of npm or PyPI',
    ),
  )

/** `[agents.NAME]`: agents that are data, and words for all of them. */
export const agents = {
  agents: row({
    key: 'agents',
    meaning: 'Agents of your own, by name, and changes to those that paude ships; args for every agent',
    parts: {
      'NAME.command': 'Program and arguments',
      'NAME.install': 'How the image gets it: apt, npm, pip, script, in this order',
      'NAME.version': 'Exact release to install; needed for npm and pip',
      'NAME.provider': `Whose models it asks, so that the key stays outside: ${providerNames.join(', ')} or none`,
      'NAME.env': 'Variables of the sandbox; {address}, {api} and {provider} are replaced',
      'NAME.hosts': 'Hosts that it reaches besides its provider',
      'NAME.config_files': 'Files by place: ~/… where none is, /etc/… read-only; with the same placeholders',
      'NAME.resume': 'Words with which it goes on with its last conversation',
      'NAME.interactive': 'Whether it draws a screen',
      'NAME.prints': 'Options and verbs with which it prints an answer and draws no screen',
      'NAME.state': 'How it tells what it does: osc, none, or title: and a pattern of its title while it works',
      'NAME.args': 'Arguments at every start',
    },
    initial: [] as readonly AgentEntry[],
    schema: (v) =>
      v.pipe(
        v.record(
          v.pipe(
            v.string(),
            v.check(isAgentName, 'is not a name for an agent: use lower-case letters, digits and inner hyphens'),
          ),
          entry(v),
        ),
        v.rawCheck(({ dataset, addIssue }) => {
          if (!dataset.typed) return
          for (const [key, value] of Object.entries(dataset.value)) {
            const other = isAgent(key) ? Object.keys(value).find((name) => name !== 'args') : undefined
            if (other !== undefined)
              addIssue({
                message: `cannot be changed: paude has code for ${key}, so only args can stand here`,
                path: [
                  { type: 'object', origin: 'value', input: dataset.value, key, value },
                  { type: 'object', origin: 'value', input: value, key: other, value: value[other as keyof typeof value] },
                ],
              })
          }
        }),
        v.transform((table) =>
          Object.entries(table).map(
            ([name, { config_files: configFiles, ...said }]): AgentEntry => ({
              kind: 'agent',
              name,
              ...said,
              ...(configFiles === undefined ? {} : { configFiles }),
            }),
          ),
        ),
      ),
    rule: 'each',
    withoutBox: 'closes',
    notIn: { managed: 'to limit which agent runs, write agent = "NAME"' },
  }),
}
