import { fromCommands, fromForges, type Reading, strings } from './fetched.ts'
import { asTree, json, type Tree, toml } from './foreign.ts'
import { tools } from './markers.ts'
import type { Found } from './scan.ts'

/** A group of hosts that the project seems to need, and why. */
export type Proposal = { readonly group: string; readonly reasons: readonly string[] }

/** What the files of a project speak for, in their order. What cannot be read speaks for nothing but itself. */
export function propose(found: readonly Found[]): readonly Proposal[] {
  const needs = found.flatMap(({ marker, name, text }) => [
    ...marker.groups.map((group) => ({ group, reason: `${name}: ${marker.what}` })),
    ...readings(marker.reads, text).map(({ group, why }) => ({ group, reason: `${name}: ${why}` })),
  ])
  return [...new Set(needs.map(({ group }) => group))].map((group) => ({
    group,
    reasons: [...new Set(needs.filter((need) => need.group === group).map(({ reason }) => reason))],
  }))
}

function readings(reads: Found['marker']['reads'], text: string): readonly Reading[] {
  if (text === '') return []
  switch (reads) {
    case undefined:
      return []
    case 'package.json':
      return fromForges(at(json(text), ['dependencies'], ['devDependencies'], ['optionalDependencies'], ['overrides']), shortForm)
    case 'cargo':
      return fromForges(
        at(toml(text), ['dependencies'], ['dev-dependencies'], ['build-dependencies'], ['workspace', 'dependencies'], ['patch']),
      )
    case 'python':
      return fromForges(
        at(
          toml(text),
          ['project', 'dependencies'],
          ['project', 'optional-dependencies'],
          ['dependency-groups'],
          ['tool', 'uv', 'sources'],
          ['tool', 'poetry', 'dependencies'],
        ),
      )
    case 'devcontainer':
      return fromTools(json(text))
  }
}

const at = (tree: Tree, ...paths: readonly (readonly string[])[]): readonly unknown[] =>
  paths.map((path) => path.reduce<unknown>((value, name) => asTree(value)[name], tree))

/** npm's short forms: `github:owner/name`, `owner/name`. */
const shortForm = (text: string): string =>
  /^(github:|[\w.-]+\/[\w.-]+(#.*)?$)/.test(text) ? 'github.com' : text.startsWith('gitlab:') ? 'gitlab.com' : ''

/** The image and the features of a dev container, by the last word of their names. */
function fromTools(tree: Tree): readonly Reading[] {
  const names = [...strings([tree['image']]), ...Object.keys(asTree(tree['features']))]
  const made = names.flatMap((name) => {
    const word = name.split('/').at(-1)?.split(/[:@]/)[0] ?? ''
    const found = Object.hasOwn(tools, word) ? word : word.split('-').find((part) => Object.hasOwn(tools, part))
    return (tools[found ?? ''] ?? []).map((group) => ({ group, why: `its devcontainer uses ${found}` }))
  })
  const commands = Object.entries(tree).flatMap(([key, said]) => (key.endsWith('Command') ? strings([said]) : []))
  return [...made, ...fromCommands(commands)]
}
