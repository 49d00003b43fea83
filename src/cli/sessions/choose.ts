import type { Candidate, Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import { printable } from '../../text.ts'
import { askAgain, canAsk, readAnswer } from '../config/start-config.ts'
import { ago } from './session-table.ts'

/** Asks which of several sessions is meant, by its number; without a terminal it is a refusal that shows what each does. */
export async function chooseSession(context: Context, what: string, candidates: readonly Candidate[]): Promise<string> {
  const lines = linesOf(candidates)
  if (!canAsk(context))
    throw new PaudeError('ambiguous', what, { hint: `name one:\n${lines.map((line) => `    ${line}`).join('\n')}` })
  context.note(`${what}:\n${lines.map((line, at) => `  ${String(at + 1).padStart(2)}  ${line}`).join('\n')}`)
  const id = askAgain(context, () => {
    const answer = readAnswer(context, `which session? [1-${candidates.length}, Enter for none]: `)
    if (answer === '') return null
    const chosen = candidates[Number(answer) - 1] ?? candidates.find(({ id, name }) => [id, name].includes(answer))
    if (chosen !== undefined) return chosen.id
    throw new PaudeError('usage', `${JSON.stringify(printable(answer))} is not one of them`, {
      hint: `1 to ${candidates.length}`,
    })
  })
  if (id === null) throw new PaudeError('ambiguous', `${what}, and you chose none`)
  return id
}

function linesOf(candidates: readonly Candidate[]): readonly string[] {
  const names = candidates.map(({ id, name }) => (name === '' ? id : `${id} (${printable(name)})`))
  const width = Math.max(...names.map((name) => Bun.stringWidth(name)))
  return candidates.map(
    ({ folder, created }, at) => `${(names[at] ?? '').padEnd(width)}  started ${ago(created)}${doing(folder)}`,
  )
}

/** What its agent does, as its holder says: no engine is asked. '' where nobody can tell. */
function doing(folder: string): string {
  const state = readHoldState(folder)
  if (state === null || !isHeld(state)) return ''
  return printable(`, ${[state.activity, ...(state.kind === '' ? [] : [state.kind])].join(': ')}`)
}
