import type { Agent } from '../../agents/agent.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { chooseInside, isInside } from '../../login/inside.ts'
import { homeVolume } from '../../session/record/id.ts'
import { missingCredential } from '../../session/resolve/missing-credential.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import { canAsk, readAnswer } from '../config/start-config.ts'

type Start = { readonly agent: Agent; readonly words: readonly string[]; readonly config: Config }

/**
 * Refuses to start an agent that nobody could answer, before any engine is asked; on a terminal it offers to log in. Returns the
 * configuration that holds then: a login inside the box is remembered for this project.
 */
export async function requireCredential(context: Context, { agent, words, config }: Start): Promise<Config> {
  const { host } = context
  const lack = missingCredential(host, agent, { words, config })
  if (lack === null) return config
  const home = homeVolume(findWorkspace(host, config.settings).root, agent.name)
  if (isInside(host, home)) return inside(config)
  if (config.settings.login === 'outside') {
    const refusal = new PaudeError('config', lack.what, {
      hint: `${lack.ways}; ${agent.login === '' ? '' : `or paude --login-inside, then ${agent.login}: for this project only, and the agent can read the token`}`,
    })
    if (!canAsk(context)) throw refusal
    const answer = readAnswer(
      context,
      `${lack.what}: log in now? [Y/n], or b for a login inside the sandbox (this project only, and the agent can read the token): `,
      'n',
    )
    if (['', 'y', 'yes'].includes(answer)) {
      const { logIn } = await import('../login/log-in.ts')
      // The image of the session that you start need not have the agent's login in it.
      await logIn({ ...context, flags: { ...context.flags, image: '' } }, agent)
      return config
    }
    if (answer !== 'b' && answer !== 'box') throw refusal
  }
  chooseInside(host, home)
  return inside(config)
}

const inside = (config: Config): Config => ({ ...config, settings: { ...config.settings, login: 'inside' } })
