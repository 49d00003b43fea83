import type { Context } from '../../context.ts'
import { trustNote } from '../../project/editable.ts'
import type { Change } from '../config/change-on-word.ts'
import { overruled } from './overruled.ts'
import { editScope, type Scope, type ScopeWord } from './scope.ts'

/** Says a word in files, for the starts to come. Exit code 1 where a denial elsewhere makes an allow one in vain. */
export async function writeScopes(
  context: Context,
  scopes: readonly Scope[],
  word: ScopeWord,
  write = editScope,
): Promise<number> {
  const { verb, entries } = word
  const written: Change[] = []
  for (const scope of scopes) written.push(await write(context, scope, word))
  const inVain = verb === 'allow' && scopes.length > 0 ? await overruled(context, entries) : new Map<string, string>()
  const holding = entries.filter((entry) => !inVain.has(entry))
  for (const editable of written) {
    const said =
      holding.length === 0
        ? ''
        : `: ${verb === 'unset' ? 'new sessions have no entry for' : `new sessions ${verb}`} ${holding.join(' ')}`
    context.note(`written to ${editable.file}${said}${trustNote(editable)}`)
  }
  for (const sentence of inVain.values()) context.warn(sentence)
  return inVain.size === 0 ? 0 : 1
}
