import { settingText } from '../../config/keys/entry-text.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { approvalOf, readProject } from '../../project/judge.ts'
import { revokeHere, standing } from '../../project/standing.ts'
import { type Approval, approvals, isApproved } from '../../project/trust.ts'
import { trustFile } from '../../project/trusted.ts'
import { unusedDevcontainer } from '../../project/wanted-devcontainer.ts'
import { requirePrivate, trustFolder } from '../../state.ts'
import { quotedLines, shown } from '../../text.ts'
import type { Values } from '../args.ts'
import { LOOKS } from '../front-flags.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { canAsk, readAnswer, showWidening, trustCommand, trustWhat } from './start-config.ts'

const args = {
  yes: { type: 'boolean', description: 'Trust it without a question' },
  list: { type: 'boolean', description: 'List what is trusted' },
  revoke: { type: 'boolean', description: 'Stop trusting the files of this project' },
  json: { type: 'boolean', description: '--list: print one JSON document' },
} as const

export default verb({
  description: "Approve what a project's configuration loosens",
  details: 'Approval covers the content of a file at its path. If either changes, paude asks again.',
  front: { ...LOOKS, acts: true },
  examples: [
    ['paude trust', 'show what the paude.toml here loosens, and ask'],
    ['paude trust --list', 'trusted files, and whether they have changed'],
  ],
  args,
  async run(context, given) {
    refuseTogether(given)
    requirePrivate(context.host)
    if (given.list) return await list(context, given.json === true)
    if (given.revoke) return await revokeHere(context, undefined)
    return await trust(context, given.yes === true)
  },
})

function refuseTogether({ yes, list, revoke, json }: Values<typeof args>): void {
  const [one, other] = Object.entries({ yes, list, revoke }).flatMap(([name, given]) => (given ? [`--${name}`] : []))
  if (one !== undefined && other !== undefined)
    throw new PaudeError('usage', `paude trust: ${one} and ${other} cannot be combined`, { hint: 'leave one of them out' })
  if (json && !list) throw new PaudeError('usage', 'paude trust: --json goes with --list', { hint: 'paude trust --list --json' })
}

async function trust(context: Context, sure: boolean): Promise<number> {
  const { host, note, answer } = context
  const project = await readProject(context, context.flags)
  if (project.ignored !== '') note(project.ignored)
  const { base, judged } = project
  const { projectConfig } = base.settings
  if (projectConfig !== 'ask')
    throw new PaudeError(
      'unsupported',
      `paude does not accept loosening by a project, since security.project_config is ${projectConfig}`,
      {
        hint: 'paude config set security.project_config ask',
      },
    )
  const open = judged.filter(({ items }) => items.length > 0)
  const asked = await Promise.all(open.map(async (one) => ({ one, approval: await approvalOf(one, host) })))
  const pending = asked.filter(({ approval }) => !isApproved(trustFolder(host), approval))
  const fresh = pending.map(({ one }) => one)
  if (fresh.length === 0) {
    // Another command may have looked at it by a flag.
    const elsewhere = base.settings.devcontainer === 'off' ? await unusedDevcontainer(host) : ''
    if (elsewhere !== '') note(elsewhere)
    note(
      judged.length === 0
        ? 'this project has no configuration of its own'
        : open.length === 0
          ? `${judged.map(({ file }) => shown(file.file)).join(', ')}: it loosens nothing, so it needs no trust`
          : 'trusted already',
    )
    return 0
  }
  showWidening(context, project, fresh)
  if (!sure && !canAsk(context))
    throw new PaudeError('refused', 'there is no terminal to ask on, so nothing was trusted', {
      hint: trustCommand(base, '--yes'),
    })
  if (!sure && !['y', 'yes'].includes(readAnswer(context, `${trustWhat(fresh)} [y/N]: `)))
    throw new PaudeError('refused', 'not trusted', { hint: 'start without it: paude --ignore-project-config' })
  for (const { one, approval } of pending) {
    await trustFile(context, approval)
    answer(shown(one.file.file))
  }
  return 0
}

async function list({ host, note, answer }: Context, json: boolean): Promise<number> {
  const all = approvals(trustFolder(host))
  const rows = await Promise.all(all.map(async (approval: Approval) => ({ ...approval, state: await standing(approval) })))
  if (json) answer(quotedLines(rows))
  else if (all.length === 0) note('nothing is trusted')
  else
    answer(
      table(
        ['FILE', 'STATE', 'SINCE', 'OPENS'],
        rows.map(({ file, state, approved, items }) => [
          shown(file),
          state,
          approved.slice(0, 10),
          items.map((item) => shown(heldItem(item))).join(', '),
        ]),
        fit(host),
      ),
    )
  return 0
}

/** Approvals of an older release have hosts as they were written. */
const heldItem = (item: string): string => item.replace(/(?<=^network\.allow = ).*/s, (host) => settingText('networkAllow', host))
