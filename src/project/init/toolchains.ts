/** What the groups of a project's packages are fetched with, and what paude's own image does not have. */
const programs: Readonly<Record<string, readonly string[]>> = {
  '@npm': ['node', 'npm'],
  '@pypi': ['python3', 'pip'],
  '@crates': ['cargo'],
  '@rust': ['rustup'],
  '@go': ['go'],
  '@maven': ['java', 'mvn'],
  '@rubygems': ['ruby', 'bundle'],
  '@deno': ['deno'],
  '@nuget': ['dotnet'],
  '@packagist': ['php', 'composer'],
  '@conda': ['conda'],
  '@terraform': ['terraform'],
}

/** The image that a start would use, as far as it matters here. */
export type Box = { readonly image: string; readonly imageBase: string; readonly devcontainer: string }

/** What an agent would miss that is given these groups, and the ways out; null for nothing that is known. */
export function missingTools(
  groups: readonly string[],
  { image, imageBase, devcontainer }: Box,
  /** The project's devcontainer.json, which does not count here; '' for none. */
  unused: string,
): string | null {
  // Nobody has looked into an image of the user's own.
  if (image !== '' || imageBase !== '' || devcontainer !== 'off') return null
  const needed = groups.filter((group) => Object.hasOwn(programs, group))
  if (needed.length === 0) return null
  const names = needed.flatMap((group) => programs[group] ?? [])
  const ways = [
    ...(unused === '' ? [] : [`paude --devcontainer takes the image of ${unused}`]),
    'paude config set image.ref IMAGE --project names an image that has them (paude image check IMAGE tells whether it will do)',
    'image.base names one of Debian to build on',
  ]
  return `${needed.join(', ')} let packages in, but paude's own image has no ${names.join(', ')}: ${ways.join('; ')}`
}
