import type { Verb } from '../../src/cli/verb.ts'
import { commands, verbs } from '../../src/cli/verbs.ts'

/** Every verb and every word of a topic, by how it is called; hidden ones too. */
export async function everyVerb(): Promise<readonly { readonly called: string; readonly verb: Verb }[]> {
  const found = Object.keys(verbs).map(async (name) => {
    const one = await commands.load(name)
    return 'verbs' in one
      ? Object.entries(one.verbs).map(([word, verb]) => ({ called: `paude ${name} ${word}`, verb }))
      : [{ called: `paude ${name}`, verb: one }]
  })
  return (await Promise.all(found)).flat()
}
