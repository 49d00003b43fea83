import type { Layer } from '../../config/keys/settings.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { keepChoice, readChoice } from '../../project/devcontainer-choice.ts'
import { approvalOf, type Judged, readProject } from '../../project/judge.ts'
import { trustFile } from '../../project/trusted.ts'
import { offeredDevcontainer } from '../../project/wanted-devcontainer.ts'
import { requirePrivate } from '../../state.ts'
import { shown } from '../../text.ts'
import { canAsk, readAnswer, showWidening, trustWhat } from '../config/start-config.ts'

/**
 * Offers the devcontainer.json of a project where nobody has decided about it: one question on a terminal, whose answer holds for this
 * project, and elsewhere one note. A yes is the approval of what is shown as well: two questions about one file are one too many.
 */
export async function offerDevcontainer(context: Context, flags: Layer): Promise<void> {
  const { host, note } = context
  const offered = await offeredDevcontainer(host)
  if (offered === null) return
  const { file, root } = offered
  const choice = readChoice(host, root)
  if (choice === 'use' || choice === 'off' || (choice === 'told' && !canAsk(context))) return
  const { settings, origins } = await loadConfig(host, flags)
  const { dryRun, printConfig, projectConfig } = settings
  if (dryRun || printConfig || projectConfig !== 'ask' || origins.devcontainer.some(({ layer }) => layer !== 'default')) return
  requirePrivate(host)
  if (!canAsk(context)) {
    note(`${shown(file)} is not used; to review and use it: paude --devcontainer trust`)
    keepChoice(host, root, 'told')
    return
  }
  const opening = await shownHere(context, flags, file)
  if (opening === null) return
  if (!['y', 'yes'].includes(readAnswer(context, `${trustWhat(opening, 'use it in this project from now on')} [y/N] `))) {
    keepChoice(host, root, 'off')
    note('paude does not use it here; to use it anyway: paude --devcontainer; to be asked again: paude trust --revoke')
    return
  }
  for (const judged of opening) await trustFile(context, await approvalOf(judged, host))
  keepChoice(host, root, 'use')
}

/** Shows what the file opens. One that cannot be used is told, and the start goes on without it as if it were not there. */
async function shownHere(context: Context, flags: Layer, file: string): Promise<readonly Judged[] | null> {
  try {
    const project = await readProject(context, { ...flags, devcontainer: 'use' })
    const opening = project.judged.filter((judged) => judged.file.file === file && judged.items.length > 0)
    if (opening.length > 0) showWidening(context, project, opening)
    else context.note(`${shown(file)} loosens nothing`)
    return opening
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    context.note(`${error.message}; paude starts without it`)
    return null
  }
}
