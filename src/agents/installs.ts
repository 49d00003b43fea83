import type { Install } from '../image/install.ts'
import { addedInstall } from './added-install.ts'
import { type Chosen, recipeOf } from './chosen.ts'
import { install as claude } from './claude/install.ts'
import { install as codex } from './codex/install.ts'
import { install as gemini } from './gemini/install.ts'
import { type AgentName, isAgent } from './names.ts'
import { install as shell } from './shell/install.ts'

/** How paude installs each agent; null for one that images have anyway, such as a shell. Apart from the registry, since the configuration reads it. */
export const installs: Readonly<Record<AgentName, Install | null>> = { claude, codex, gemini, shell }

/** How the chosen agent is installed; null where an image has it anyway, and where there is no such agent. */
export function installOf(chosen: Chosen): Install | null {
  if (isAgent(chosen.agent)) return installs[chosen.agent]
  const recipe = recipeOf(chosen)
  if (recipe === null) return null
  const { install, name, command, version } = recipe
  const { apt, npm, pip, script } = install
  if (apt.length === 0 && npm + pip + script === '') return null
  // A name with a dash is no image of paude's own: whatever is built on it never bears the name of what all use.
  return addedInstall({ name: `agent-${name}`, title: name, program: programOf(command), version, install })
}

/** Name in PATH: a path would be one of the image. */
const programOf = ([program = '']: readonly string[]): string => program
