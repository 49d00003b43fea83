import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { keyBytes } from '../../hold/keys.ts'
import { handOver } from '../../session/copy/hand.ts'
import { readUpload, requireImage } from '../../session/copy/upload.ts'
import { findSession } from '../../session/life/find.ts'
import { typeInto } from '../../session/life/holder.ts'
import { shown } from '../../text.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

/** Characters; a socket takes more, a prompt does not. */
const LONGEST = 1_000_000

export default verb({
  description: 'Type into a session',
  front: ACTS,
  examples: [
    ['paude send fix-login continue', 'a prompt, and Enter'],
    ['paude send fix-login --key escape', 'one key'],
    ['paude send fix-login --key down,enter', 'the second answer of a question'],
    ['paude send --image shot.png fix-login explain', 'an image of this machine, and a prompt'],
  ],
  args: {
    session: {
      type: 'positional',
      description: 'Session (with --image or --file the one of this directory by default)',
      offers: 'sessions',
    },
    text: { type: 'positional', description: 'Text to type, followed by Enter; - reads it from stdin' },
    key: { type: 'string', valueHint: 'KEY[,KEY…]', description: 'Type keys instead of a text: enter, escape, up, ctrl-c, y, …' },
    image: {
      type: 'string',
      valueHint: 'FILE',
      description: 'An image of this machine: it is copied, and its path is typed first',
    },
    file: { type: 'string', valueHint: 'FILE', description: 'The same for any file' },
    'no-enter': { type: 'boolean', description: 'Type the text without Enter' },
  },
  async run(context, given) {
    if (given.image !== undefined || given.file !== undefined) return await sendFile(context, given)
    if (given.session === undefined)
      throw new PaudeError('usage', 'paude send needs a session', { hint: 'paude send fix-login continue' })
    const text = await textOf(given.text)
    const keys = given.key === undefined ? '' : keyBytes(given.key)
    if ((text === '') === (keys === ''))
      throw new PaudeError('usage', 'paude send needs either a text or --key', {
        hint: 'paude send SESSION "a prompt", or paude send SESSION --key escape',
      })
    const found = await findSession(context, given.session)
    await typeInto(context, found, { text, keys, enter: text !== '' && given['no-enter'] !== true })
    return 0
  },
})

/** Of the words, or of stdin. */
async function textOf(word = ''): Promise<string> {
  const text = word === '-' ? (await Bun.stdin.text()).replace(/\n$/, '') : word
  if (text.length > LONGEST)
    throw new PaudeError('usage', `the text is longer than ${LONGEST} characters`, {
      hint: 'write it into a file of the project, and name the file in your prompt',
    })
  return text
}

type Files = { readonly [K in 'session' | 'text' | 'key' | 'image' | 'file']: string | undefined } & {
  readonly 'no-enter': true | undefined
}

async function sendFile(context: Context, given: Files): Promise<number> {
  const { image, file } = given
  if ((image !== undefined && file !== undefined) || given.key !== undefined || given['no-enter'] === true)
    throw new PaudeError('usage', 'paude send takes one of --image, --file, --key and --no-enter', {
      hint: 'paude send --image FILE SESSION "a prompt"; without a prompt no Enter is pressed',
    })
  const text = await textOf(given.text)
  const found = await findSession(context, given.session, 'running')
  const upload = readUpload(context.host, image ?? file ?? '')
  if (image !== undefined) requireImage(upload, shown(image))
  context.answer(await handOver(context, found, { upload, text }))
  return 0
}
