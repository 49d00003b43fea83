import { delimiter, dirname, join } from 'node:path'
import { allBackends } from '../../backends/registry.ts'
import { configFile } from '../../config/layers/load.ts'
import { PaudeError } from '../../errors.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { launchdAgent, systemdUnit } from './login-unit.ts'

/** Variables that decide which engine and which sessions are meant; at a login nobody has set them yet. */
const KEPT = [
  ...['XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME'],
  ...allBackends.flatMap(({ health }) => health.variables),
]

export default verb({
  description: 'Print a unit that runs paude up at login',
  details: 'It installs nothing.',
  front: READS,
  examples: [
    ['paude service', 'for systemd or launchd; comments in it say how to install it'],
    ['paude service --launchd', 'a launchd agent of macOS'],
  ],
  args: {
    systemd: { type: 'boolean', description: 'Print a unit for systemd --user' },
    launchd: { type: 'boolean', description: 'Print a launchd agent for macOS' },
  },
  run(context, given) {
    const { host } = context
    if (given.systemd && given.launchd)
      throw new PaudeError('usage', '--systemd and --launchd cannot be combined', { hint: 'leave one of them out' })
    const config = configFile(host)
    if (config === '' || !host.self.startsWith('/'))
      throw new PaudeError('config', 'HOME is not set, so paude has no place for the credential', { hint: 'export HOME' })
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
