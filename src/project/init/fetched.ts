import { fetchers, forges } from './markers.ts'

/** A group of hosts that something seems to need, and why. */
export type Reading = { readonly group: string; readonly why: string }

/** What commands fetch, by the programs and addresses in them. Also what is no command is read: a group too many is only a proposal. */
export function fromCommands(commands: readonly string[]): readonly Reading[] {
  const found = commands.flatMap(programsIn).flatMap((program) => {
    const groups = Object.hasOwn(fetchers, program) ? (fetchers[program] ?? []) : []
    return groups.map((group) => ({ group, why: `its commands run ${program}` }))
  })
  return [...found, ...fromForges(commands.flatMap((text) => text.split(/\s+/)))]
}

/** Words of a command that may be programs, without their folders. */
export const programsIn = (command: string): readonly string[] =>
  command.split(/[\s;&|(){}'"`$<>]+/).map((word) => word.split('/').at(-1) ?? '')

/** What addresses anywhere in these values lead to; `short` reads those that name no host. */
export const fromForges = (parts: readonly unknown[], short: (text: string) => string = () => ''): readonly Reading[] =>
  strings(parts)
    .map((text) => hostOf(text) || short(text))
    .flatMap((host) => (Object.hasOwn(forges, host) ? [{ group: forges[host] ?? '', why: `a dependency from ${host}` }] : []))

/** Of an address, also with `git+` or Python's `name @` in front. */
const hostOf = (text: string): string =>
  URL.parse(
    text
      .slice(text.lastIndexOf(' ') + 1)
      .replace(/^(.*@)?(?=\w[\w+]*:\/\/)/, '')
      .replace(/^git\+/, ''),
  )?.hostname ?? ''

/** Every text in a value, however deep; what is deeper than people write is left out. */
export function strings(value: unknown, depth = 8): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null || depth === 0) return []
  return Object.values(value).flatMap((child) => strings(child, depth - 1))
}
