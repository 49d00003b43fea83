import { row } from '../../key.ts'

/** What only a flag or its variable says, about one start. */
export const start = {
  detach: row({
    initial: false,
    rule: 'own',
    onHost: true,
    flags: [
      { name: 'detach', rank: 20, description: 'Start in the background and print the session id' },
      { name: 'bg', rank: 20, alias: true, description: "Claude's name for --detach" },
    ],
  }),
  sessionName: row({
    initial: '',
    rule: 'own',
    onHost: true,
    flags: [{ name: 'session-name', rank: 20, valueHint: 'NAME', description: 'Name of the session' }],
  }),
  /** Seconds as typed; '' or `none` means no limit. */
  timeout: row({
    initial: '',
    rule: 'own',
    onHost: true,
    flags: [
      {
        name: 'timeout',
        rank: 70,
        valueHint: 'SECONDS',
        description: 'End a session in the foreground after this time, with exit code 124 (default: none)',
      },
    ],
  }),
  /** Profile of the files that holds; '' for none. */
  profile: row({
    initial: '',
    rule: 'own',
    onHost: true,
    flags: [
      {
        name: 'profile',
        rank: 100,
        valueHint: 'NAME',
        description: 'Also use the keys below [profiles.NAME] in the config files',
      },
    ],
  }),
  waitRemoval: row({
    initial: false,
    rule: 'own',
    onHost: true,
    withoutBox: 'free',
    flags: [{ name: 'wait-removal', rank: 70, description: 'Wait until everything of the session is removed' }],
  }),
  syncConfig: row({
    initial: false,
    rule: 'own',
    flags: [
      {
        name: 'sync-claude-config',
        rank: 77,
        description:
          "At the end, show the session's changes of the agents' configuration and ask which to bring into the project",
      },
    ],
  }),
  quiet: row({
    initial: false,
    rule: 'own',
    onHost: true,
    withoutBox: 'free',
    flags: [{ name: 'quiet', rank: 120, description: 'Print no notes and no progress, only warnings and errors' }],
  }),
  force: row({
    initial: false,
    rule: 'own',
    onHost: true,
    withoutBox: 'free',
    flags: [{ name: 'force', rank: 120, description: 'Start even in a folder that is too broad, like your home directory' }],
  }),
  dryRun: row({
    initial: false as boolean | 'full',
    rule: 'own',
    onHost: true,
    flags: [
      {
        name: 'dry-run',
        rank: 120,
        also: ['full'],
        description: 'Print the script that would run, and run nothing; =full prints files and image builds as well',
      },
    ],
  }),
  printConfig: row({
    initial: false,
    rule: 'own',
    flags: [
      {
        name: 'print-config',
        rank: 120,
        description: 'Print the effective settings with their origins, and run nothing',
      },
    ],
  }),
}
