import type { Agent } from '../../agents/agent.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { chooseInside, isInside } from '../../login/inside.ts'
import { homeVolume } from '../../session/record/id.ts'
import { missingCredential, refuseForeignService } from '../../session/resolve/missing-credential.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import { canAsk, readAnswer } from '../config/start-config.ts'

type Start = { readonly agent: Agent; readonly words: readonly string[]; readonly config: Config }

/** `config` is what holds at a start, `refusal` why there is none; `home` is that of a login inside the box. */
type Judged = { readonly config: Config; readonly refusal: PaudeError | null; readonly home: string }

/** Looks whether anybody could answer the agent. No engine is asked, and nobody else. */
function judgeCredential(host: Host, { agent, words, config }: Start): Judged {
  if (config.serviceFault !== undefined) throw config.serviceFault
  refuseForeignService(host, agent, { words, config })
  const lack = missingCredential(host, agent, { words, config })
  if (lack === null) return { config, refusal: null, home: '' }
  const home = homeVolume(findWorkspace(host, config.settings).root, agent.name)
  if (agent.login !== '' && (config.settings.login === 'inside' || isInside(host, home)))
    return { config: inside(config), refusal: null, home }
  const inBox = `or paude --login-inside, then ${agent.login}: for this project only, and the agent can read the token`
  const hint = [lack.ways, ...(agent.login === '' ? [] : [inBox])].join('; ')
  return { config, refusal: new PaudeError('config', lack.what, { hint }), home }
}

/** `lack` is why a start that is only shown would not begin; '' where it would. */
type Settled = { readonly config: Config; readonly lack: string }

/** The credential of a start, or what a start that is only shown would say to the want of one. */
export const settleCredential = async (context: Context, start: Start, shows: boolean): Promise<Settled> =>
  shows ? foreseeCredential(context, start) : { config: await requireCredential(context, start), lack: '' }

function foreseeCredential(context: Context, start: Start): Settled {
  const { config, refusal } = judgeCredential(context.host, start)
  if (refusal === null) return { config, lack: '' }
  const comes =
    canAsk(context) && start.agent.tokenLogin !== null
      ? 'this start would ask you to log in first'
      : 'this start would be refused'
  return { config, lack: `${comes}: ${refusal.message}; ${refusal.hint}` }
}

/**
 * Refuses to start an agent that nobody could answer, before any engine is asked; on a terminal it offers to log in. Returns the
 * configuration that holds then: a login inside the box is remembered for this project.
 */
async function requireCredential(context: Context, start: Start): Promise<Config> {
  const { host } = context
  const { config, refusal, home } = judgeCredential(host, start)
  if (refusal !== null) {
    if (!canAsk(context) || start.agent.tokenLogin === null) throw refusal
    const answer = readAnswer(
      context,
      `${refusal.message}: log in now? [Y/n], or b for a login inside the sandbox (this project only, and the agent can read the token): `,
      'n',
    )
    if (['', 'y', 'yes'].includes(answer)) {
      const { logIn } = await import('../login/log-in.ts')
      // The image of the session that you start need not have the agent's login in it.
      await logIn({ ...context, flags: { ...context.flags, image: '' } }, start.agent)
      return config
    }
    if (answer !== 'b' && answer !== 'box') throw refusal
  }
  if (home !== '' && !isInside(host, home)) chooseInside(host, home)
  return home === '' ? config : inside(config)
}

const inside = (config: Config): Config => ({ ...config, settings: { ...config.settings, login: 'inside' } })
