import { forgetOwnLogin, readOwnLogin } from '../../config/layers/own-login.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { forget, type Kept, readKept } from '../../login/kept.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { agentPlace, namedAgent } from './agent-place.ts'

export default verb({
  description: 'Remove the login of all projects',
  details: 'Running sessions keep it until you stop them. The credential stays valid until you revoke it at the provider.',
  front: ACTS,
  examples: [['paude logout', 'remove the login that paude keeps']],
  args: { agent: agentPlace },
  async run(context, given) {
    const { host, note } = context
    const { name, title, services } = await namedAgent(context, given.agent)
    const own = services?.own && readOwnLogin(host, name, services.own.file(host))
    if (own?.isKept) {
      forgetOwnLogin(host, name)
      note(`${title} no longer uses the login in ${own.file}; it stays there: codex logout removes it`)
    }
    const kept = lenientlyKept(host, name)
    if (kept === null) {
      if (!own?.isKept) note(`paude has no login for ${title}`)
      return 0
    }
    await forget(host, name, kept.keeper)
    note(`logged out of ${title}: the login is removed from ${kept.keeper === 'file' ? 'its file' : 'the keychain'}`)
    return 0
  },
})

/** What no start would read is removed as well. */
function lenientlyKept(host: Host, name: string): Pick<Kept, 'keeper'> | null {
  try {
    return readKept(host, name)
  } catch (error) {
    if (error instanceof PaudeError) return { keeper: 'file' }
    throw error
  }
}
