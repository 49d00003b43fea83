import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { canAsk } from '../config/start-config.ts'

/** Refuses flags about the agents' configuration that would have no effect. What paude starts for itself, it removes with all there is. */
export function requireConfigFlags(context: Context, { settings, origins }: Config, isYours: boolean): void {
  const { agentConfig, workspaceMode, syncConfig, detach } = settings
  const isTyped = origins.agentConfig.some(({ layer }) => layer === 'flag')
  const isMounted = workspaceMode === 'bind' || workspaceMode === 'worktree'
  if (isTyped && !isMounted)
    throw new PaudeError('usage', `--agent-config has no effect with workspace.mode = "${workspaceMode}"`, {
      hint: 'leave it out: the sandbox does not have your folder',
    })
  if (!syncConfig) return
  const why =
    !isMounted || agentConfig !== 'shadow'
      ? ['needs workspace.agent_config = "shadow" and a folder of yours in the sandbox', 'leave it out']
      : !isYours
        ? ['has no effect here', 'leave it out']
        : detach
          ? ['asks you at the end of a session in the foreground', 'leave --detach out, or use paude sync-config later']
          : canAsk(context)
            ? null
            : ['needs a terminal to ask on', 'start without it, and then: paude config-changes, paude sync-config --yes']
  if (why !== null) throw new PaudeError('usage', `--sync-claude-config ${why[0]}`, { hint: why[1] ?? '' })
}
