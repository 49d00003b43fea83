import { oneWord, safeguard } from '../../key.ts'

/** `[security]`: what of the hardening of the agent's box holds; the proxy keeps all of it. */
export const security = {
  readOnlyRoot: safeguard({
    key: 'security.read_only_root',
    withoutBox: 'closes',
    meaning: "Whether the sandbox's root file system is read-only",
    flags: [
      {
        name: 'read-only-root',
        rank: 60,
        valueHint: 'BOOL',
        description: "false: the agent can write to the sandbox's root file system; changes go with the sandbox (default: true)",
      },
    ],
  }),
  noNewPrivileges: safeguard({
    key: 'security.no_new_privileges',
    withoutBox: 'closes',
    meaning: 'Whether setuid programs of the image have no effect in the sandbox',
    flags: [
      {
        name: 'no-new-privileges',
        rank: 60,
        valueHint: 'BOOL',
        description: 'false: setuid programs of the image work in the sandbox, without capabilities (default: true)',
      },
    ],
  }),
  seccomp: oneWord(['default', 'engine', 'off'], {
    key: 'security.seccomp',
    meaning: "Filter of the sandbox's system calls: default (paude's own), engine, or off",
    initial: 'default',
    rule: { order: ['default', 'engine', 'off'] },
    withoutBox: 'closes',
    flags: [
      {
        name: 'seccomp',
        rank: 60,
        valueHint: 'FILTER',
        description: "Filter of the sandbox's system calls: paude's own, the engine's, or none (default: default)",
      },
    ],
  }),
  /** Whether an agent may run on this machine itself. */
  sandbox: oneWord(['optional', 'required'], {
    key: 'security.sandbox',
    meaning: 'required: no agent runs on this machine itself, whatever fallback says',
    initial: 'optional',
    rule: { order: ['required', 'optional'] },
    onHost: true,
    variable: 'sandbox',
    withoutBox: 'closes',
  }),
  /** What becomes of a project's own configuration. */
  projectConfig: oneWord(['ask', 'restrict', 'ignore'], {
    key: 'security.project_config',
    meaning: "How to treat a project's own configuration: ask, restrict or ignore",
    initial: 'ask',
    rule: { order: ['ignore', 'restrict', 'ask'] },
    onHost: true,
    withoutBox: 'free',
    notIn: { project: 'a project cannot decide whether it is trusted' },
    flags: [
      {
        name: 'ignore-project-config',
        rank: 110,
        switch: true,
        sets: 'ignore',
        description: "Start without the project's own paude.toml",
      },
    ],
  }),
}
