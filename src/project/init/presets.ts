import { FULL } from '../../image/tools.ts'
import { asTree, json, toml } from './foreign.ts'
import type { Found } from './scan.ts'

/** What goes into the image for a project: entries of image.packages and image.tools. */
export type Preset = { readonly packages: readonly string[]; readonly tools: readonly string[] }

type Language = {
  /** As mise calls it. */
  readonly tool: string
  /** Other names of it in .tool-versions and mise.toml. */
  readonly alias?: string
  /** Groups of hosts that speak for it. */
  readonly groups: readonly string[]
  /** Debian's packages of it, for a project that pins no version; none where Debian has none. */
  readonly packages: readonly string[]
  /** Debian's packages beside a version of mise's. */
  readonly beside?: readonly string[]
  /** Versions that are taken over from a file of the project besides plain numbers. */
  readonly pins?: RegExp
}

const LANGUAGES: readonly Language[] = [
  {
    tool: 'node',
    alias: 'nodejs',
    groups: ['@npm', '@node'],
    packages: ['nodejs', 'npm'],
    pins: /^(latest|lts(-[a-z]{2,12})?)$/,
  },
  { tool: 'python', groups: ['@pypi'], packages: ['python3', 'python3-pip', 'python3-venv'] },
  { tool: 'go', alias: 'golang', groups: ['@go'], packages: ['golang'] },
  {
    tool: 'rust',
    groups: ['@crates', '@rust'],
    packages: ['cargo', 'rustc'],
    // rustc links with a C compiler, which Debian's package brings along.
    beside: ['gcc', 'libc6-dev'],
    pins: /^(stable|beta|nightly)(-\d{4}-\d\d-\d\d)?$/,
  },
  {
    tool: 'java',
    groups: ['@maven'],
    packages: ['default-jdk', 'maven'],
    beside: ['maven'],
    pins: /^(openjdk|temurin|zulu|corretto|liberica)-\d{1,3}(\.\d{1,4}){0,3}(\+\d{1,4})?$/,
  },
  { tool: 'ruby', groups: ['@rubygems'], packages: ['bundler', 'ruby'] },
  { tool: 'php', groups: ['@packagist'], packages: ['composer', 'php-cli'] },
  { tool: 'deno', groups: ['@deno'], packages: [] },
  { tool: 'dotnet', groups: ['@nuget'], packages: [] },
  { tool: 'terraform', groups: ['@terraform'], packages: [] },
]

/** Debian's Node; a project that asks for a newer one gets mise's. */
export const DEBIAN_NODE = 20

/** What the languages of these groups need that a start would not have anyway: Debian's packages, or the version that the project pins. */
export function presetFor(
  groups: readonly string[],
  found: readonly Found[],
  has: {
    readonly imageVariant: 'slim' | 'full'
    readonly imagePackages: readonly string[]
    readonly imageTools: readonly string[]
  },
): Preset {
  const pinned = new Map(found.flatMap(({ marker, text }) => pinsIn(marker.pins, text)))
  const there = [...has.imagePackages, ...(has.imageVariant === 'full' ? FULL : [])]
  const wanted = LANGUAGES.filter((one) => one.groups.some((group) => groups.includes(group)))
    .filter(({ tool }) => !has.imageTools.some((entry) => entry.split('@')[0] === tool))
    .map((one) => {
      const version = pinned.get(one.tool)
      return version === undefined && one.packages.length > 0
        ? { packages: one.packages, tools: [] }
        : { packages: one.beside ?? [], tools: [version === undefined ? one.tool : `${one.tool}@${version}`] }
    })
  return {
    packages: [...new Set(wanted.flatMap(({ packages }) => packages))].filter((name) => !there.includes(name)),
    tools: wanted.flatMap(({ tools }) => tools),
  }
}

type Pin = readonly [tool: string, version: string]

/** The versions that one file pins. Of what is no version nothing is taken over. */
function pinsIn(how: Found['marker']['pins'], text: string): readonly Pin[] {
  switch (how) {
    case undefined:
      return []
    case 'node':
    case 'python':
    case 'java':
      return pin(how, text.trim().split('\n')[0] ?? '')
    case 'rust':
      return pin('rust', String(asTree(toml(text)['toolchain'])['channel'] ?? text))
    case 'engines': {
      const range = String(asTree(json(text)['engines'])['node'] ?? '')
      const major = Number(/^\s*(?:>=|\^|~)?\s*v?(\d{1,3})(?![\d|])/.exec(range)?.[1] ?? 0)
      return major > DEBIAN_NODE && !range.includes('||') ? pin('node', String(major)) : []
    }
    case 'lines':
      return text.split('\n').flatMap((line) => {
        const [name = '', version = ''] = line.split('#')[0]?.trim().split(/\s+/) ?? []
        return pin(name, version)
      })
    case 'mise':
      return Object.entries(asTree(toml(text)['tools'])).flatMap(([name, value]) => pin(name, firstVersion(value)))
  }
}

/** A text, a list of them, or a table with a version. */
function firstVersion(value: unknown): string {
  const one: unknown = Array.isArray(value) ? value[0] : value
  return typeof one === 'string' ? one : String(asTree(one)['version'] ?? '')
}

function pin(name: string, text: string): readonly Pin[] {
  const language = LANGUAGES.find(({ tool, alias }) => tool === name || alias === name)
  // nvm's spelling of a line of releases.
  const version = text
    .trim()
    .replace(/^v(?=\d)/, '')
    .replace(/^lts\/\*$/, 'lts')
    .replace('/', '-')
  const known = /^\d{1,4}(\.\d{1,4}){0,2}$/.test(version) || language?.pins?.test(version)
  return language !== undefined && known ? [[language.tool, version]] : []
}
