import { readLayers } from '../config/load.ts'
import { shown } from '../workspace/paths.ts'
import type { Context } from './context.ts'
import { table } from './output.ts'
import { readProject } from './project-config.ts'
import { settle } from './start-config.ts'

/** Reads every file that concerns a start here, and tells what is wrong with it or whether it waits for trust. */
export async function checkFiles(context: Context): Promise<number> {
  const { host, answer } = context
  const layers = await readLayers(host, context.flags)
  const project = await readProject(context, context.flags)
  const { open } = settle(context, project)
  const rows = [
    ['user', shown(layers.file), layers.user.sources.length > 0 ? 'in order' : 'not there'],
    ...project.judged.map(({ file, items }) => [
      'project',
      shown(file.file),
      items.length === 0
        ? 'in order'
        : open.some((one) => one.file === file)
          ? 'opens the box, and is not trusted: paude trust'
          : 'opens the box, and is trusted',
    ]),
    ['managed', host.managedFile, layers.managed.sources.length > 0 ? 'in order' : 'not there'],
  ]
  answer(table(['LAYER', 'FILE', 'STATE'], rows))
  return 0
}
