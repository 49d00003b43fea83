import { basename } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import { printable } from '../../text.ts'
import { askHolder, requireHolder, typeInto } from '../life/holder.ts'
import type { Found } from '../record/found.ts'
import { giveUpload, type Upload } from './upload.ts'

/**
 * Puts a file where the box of a running session reads it and types its path there, then a text with Enter. The path comes as a paste of its
 * own: Claude takes one that is nothing but the path of a picture for the picture. Returns the path.
 */
export async function handOver(
  context: Context,
  found: Found,
  { upload, text }: { readonly upload: Upload; readonly text: string },
) {
  const { id, terminal, folder } = found.handle
  if (!terminal)
    throw new PaudeError('usage', `session ${id} has no screen to type into`, { hint: `paude cp FILE ${id}:/tmp copies a file` })
  await requireHolder(context, found)
  const state = readHoldState(folder)
  if (isHeld(state) && state?.activity === 'waiting')
    throw new PaudeError('refused', `session ${id} asks: ${printable(state.message || state.kind)}`, {
      hint: `paude screen ${id} shows the options; answer first`,
    })
  const place = await giveUpload(context.host, found, upload)
  const before = await marks(context, found, place)
  await typeInto(context, found, { text: place, keys: '', enter: false, pasted: true })
  if (text === '') return place
  // An agent takes two pastes that come soon after each other for one, and reads a picture first.
  for (let waited = 0; waited < SHOWN && (await marks(context, found, place)) <= before; waited += EVERY) await Bun.sleep(EVERY)
  await typeInto(context, found, { text: ` ${text}`, keys: '', enter: true })
  return place
}

/** Milliseconds that an agent has to show what it was given, and between two looks. */
const SHOWN = 5000
const EVERY = 100

/** How often the screen of a session shows the path, or a picture. */
async function marks(context: Context, found: Found, place: string): Promise<number> {
  const screen = (await askHolder(context, found, { ask: 'screen', format: 'text', scrollback: 0 })).replace(/\s+/g, '')
  return screen.split(/\[Image#?\d+\]/).length + screen.split(basename(place)).length
}
