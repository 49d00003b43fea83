import { PaudeError } from '../errors.ts'
import { quoted } from '../text.ts'

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'

/** What the engines take for the name of an image, with a tag and a digest. None begins with a dash, so no program takes one for a flag. */
export const IMAGE = new RegExp(
  `^(?:${LABEL}(?:\\.${LABEL})*(?::\\d+)?/)?${PART}(?:/${PART})*(?::\\w[\\w.-]{0,127})?(?:@[A-Za-z][\\w+.-]*:[0-9a-fA-F]{32,})?$`,
)

/** The same for flags, variables, files and words: what a start would refuse is refused wherever it is said. */
export function requireImageReference(text: string): void {
  if (!IMAGE.test(text))
    throw new PaudeError('usage', `not an image reference: ${quoted(text)}`, {
      hint: 'write it like registry.example.org/team/image:tag, with a lower-case name',
    })
}
