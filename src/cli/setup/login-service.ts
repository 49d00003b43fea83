import { delimiter, dirname, join } from 'node:path'
import { defineCommand } from 'citty'
import { allBackends } from '../../backends/registry.ts'
import { configFile } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { launchdAgent, systemdUnit } from './login-unit.ts'

const args = {
  systemd: { type: 'boolean', description: 'A unit of systemd --user' },
  launchd: { type: 'boolean', description: 'A launch agent of macOS' },
} as const

/** Variables that decide which engine and which sessions are meant; at a login nobody has set them yet. */
const KEPT = [
  ...['XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME'],
  ...allBackends.flatMap(({ health }) => health.variables),
]

export default (context: Context) =>
  defineCommand({
    meta: { name: 'service', description: 'Print a unit that runs paude up --all at login; nothing is installed' },
    args,
    run({ args: given }) {
      const { host } = context
      if (given.systemd && given.launchd)
        throw new PaudeError('usage', '--systemd and --launchd contradict each other', { hint: 'leave one of them out' })
      const config = configFile(host)
      if (config === '' || !host.self.startsWith('/'))
        throw new PaudeError('config', 'HOME is not set, so there is no place for the credential', { hint: 'export HOME' })
      // A relative entry would let whatever folder it starts in choose the engine.
      const path = (host.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'))
      const unit = {
        program: host.self,
        credentials: join(dirname(config), 'environment'),
        log: join(host.home, 'Library/Logs/paude-up.log'),
        environment: {
          PATH: path.join(delimiter),
          ...Object.fromEntries(KEPT.flatMap((name) => (host.env[name] ? [[name, host.env[name]] as const] : []))),
        },
      }
      const launchd = given.launchd ?? (host.platform === 'darwin' && !given.systemd)
      context.answer(launchd ? launchdAgent(unit) : systemdUnit(unit))
      return 0
    },
  })
