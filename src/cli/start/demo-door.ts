import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Backend, need } from '../../backends/backend.ts'
import type { Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { type Door, doorFor, LOOPBACK } from '../../demo/door.ts'
import { PaudeError } from '../../errors.ts'
import { imageRef } from '../../image/build.ts'
import { execute } from '../../run/execute.ts'
import { pipe } from '../../run/process.ts'
import { bringImage, proxyImage } from '../../session/life/images.ts'

/**
 * Listens where the box's proxy reaches this machine and nobody else does. On Linux a container beside the proxy tells that address.
 * It runs until `listen` returns: some engines' bridge exists only while a container uses it.
 */
export async function atDoor<T>(
  { host, effects }: Context,
  { backend, settings }: { readonly backend: Backend; readonly settings: Settings },
  listen: (door: Door) => T,
): Promise<T> {
  const { neighbour, thisMachine, apart } = need(backend, 'wall')
  const why = apart(host)
  if (neighbour === null || why !== '')
    throw new PaudeError(
      'unsupported',
      `a sandbox of ${backend.name} cannot reach this machine, where the scripted model is${why && `: ${why}`}`,
      { hint: 'test the wall with paude selftest, or choose another backend: paude --backend NAME demo' },
    )
  if (host.platform !== 'linux') return listen(LOOPBACK)
  const image = proxyImage(host)
  if (settings.pull !== 'never') await execute([bringImage(image, { host, backend })], effects(backend))
  const argv = neighbour(imageRef(image))
  const beside = pipe(argv)
  try {
    const hosts = await readUntilBlank(beside.stdout)
    if (hosts === null) {
      const outcome = { code: await beside.exited, stdout: '', stderr: await new Response(beside.stderr).text() }
      throw effects(backend).explain({ argv, outcome })
    }
    return listen(
      doorFor(hosts, {
        names: thisMachine,
        interfaces: networkInterfaces(),
        isBridge: (name) => existsSync(`/sys/class/net/${name}/bridge`),
      }),
    )
  } finally {
    beside.end()
    await beside.exited
  }
}

/** What comes before the first empty line; null when the stream ends without one. */
async function readUntilBlank(stream: ReadableStream<Uint8Array>): Promise<string | null> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true })
    const end = text.indexOf('\n\n')
    if (end >= 0) return text.slice(0, end)
  }
  return null
}
