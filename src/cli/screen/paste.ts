import { PaudeError } from '../../errors.ts'
import { clipboardPrograms, readClipboard } from '../../run/clipboard.ts'
import { handOver } from '../../session/copy/hand.ts'
import { requireImage } from '../../session/copy/upload.ts'
import { findSession } from '../../session/life/find.ts'
import { session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: "Give a session the image of this machine's clipboard",
  details:
    'It is read by wl-paste, xclip, pngpaste or osascript, and its path is typed. With TEXT, Enter is pressed behind that.',
  front: ACTS,
  examples: [
    ['paude paste', 'to the session of this directory; you type on and press Enter'],
    ['paude paste fix-login explain', 'with a prompt'],
  ],
  args: {
    session,
    text: { type: 'positional', description: 'Text to type behind it, followed by Enter' },
  },
  async run(context, given) {
    const found = await findSession(context, given.session, 'running')
    const programs = clipboardPrograms(context.host)
    if (programs.length === 0)
      throw new PaudeError(
        'unsupported',
        'no program here reads the clipboard: wl-paste, xclip, pngpaste and osascript are missing or have no display',
        {
          hint: 'save the image, then paude send --image FILE',
        },
      )
    const bytes = await readClipboard(programs)
    if (bytes === null)
      throw new PaudeError('not-found', 'the clipboard holds no image', { hint: 'copy one, or paude send --image FILE' })
    const upload = requireImage({ name: 'clipboard', bytes }, 'what the clipboard holds')
    context.answer(await handOver(context, found, { upload, text: given.text ?? '' }))
    return 0
  },
})
