import { type Backend, need } from '../../backends/backend.ts'
import type { Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import type { Host } from '../../host.ts'
import type { ImageBuild } from '../../image/project-build.ts'
import type { Plan } from '../../plan/plan.ts'
import { approvedContent } from '../../project/trust.ts'
import { devcontainerFlag } from '../../project/wanted-devcontainer.ts'
import { execute } from '../../run/execute.ts'
import { question } from '../../run/question.ts'
import { cacheFolder, trustFolder } from '../../state.ts'

/** The project's own recipe, where the image is what it makes. */
export const recipeOf = ({ image, imageBuild }: Settings): ImageBuild | null =>
  imageBuild?.reference === image ? imageBuild : null

/** Id of a custom image, which is brought about when it is not there. */
export async function present(
  { host, effects }: Context,
  { settings, backend }: { readonly settings: Settings; readonly backend: Backend },
): Promise<string> {
  const inspect = need(backend, 'images').id(settings.image)
  const found = settings.pull === 'always' ? null : await question(inspect.argv)
  if (found?.code === 0) return inspect.parse(found.stdout)
  // One that does not answer has no image to fetch either.
  if (settings.pull === 'never' || found?.silent !== undefined)
    throw effects(backend).explain({ argv: inspect.argv, outcome: found ?? { code: 1, stdout: '', stderr: '' } })
  await execute(bringing(host, backend, settings), effects(backend))
  return inspect.parse((await question(inspect.argv)).stdout)
}

/** How an image that is not there is brought about: fetched, or made by the project's own recipe. */
export function bringing(host: Host, backend: Backend, settings: Settings): Plan {
  const recipe = recipeOf(settings)
  if (recipe === null) return need(backend, 'images').pull(settings.image)
  return need(backend, 'images').make({
    recipe,
    host,
    approved: (folder) => approvedContent(trustFolder(host), recipe.file, folder) ?? null,
    hint: `look at what changed, then: paude ${devcontainerFlag(settings)} trust`,
    cache: cacheFolder(host),
    id: String(process.pid),
  })
}
