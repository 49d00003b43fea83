import install from '../../images/tools/install-tool' with { type: 'text' }
import { PaudeError } from '../errors.ts'
import { quoted } from '../text.ts'
import type { Download } from './download.ts'

/** What a start adds to its image, as it is configured. */
export type Wanted = {
  readonly imageVariant: 'slim' | 'full'
  readonly imagePackages: readonly string[]
  readonly imageTools: readonly string[]
}

/** The same, each once and in one order, so that the same wish gives the same image. */
export type Tools = { readonly full: boolean; readonly packages: readonly string[]; readonly tools: readonly string[] }

/** null where nothing is added. Of a tool that is named twice the last one counts: files of the project come after yours. */
export function readTools({ imageVariant, imagePackages, imageTools }: Wanted): Tools | null {
  for (const name of imagePackages) readPackage(name)
  for (const tool of imageTools) readTool(tool)
  const full = imageVariant === 'full'
  const packages = [...new Set(imagePackages)].filter((name) => !full || !FULL.includes(name)).toSorted()
  const tools = [...new Map(imageTools.map((tool) => [nameOf(tool), tool])).values()].toSorted()
  return full || packages.length + tools.length > 0 ? { full, packages, tools } : null
}

/** What agents reach for besides what the slim image has; names of Debian and Ubuntu. */
export const FULL: readonly string[] = [
  ...['build-essential', 'file', 'gh', 'git', 'jq', 'less', 'nodejs', 'npm', 'patch', 'pkg-config', 'python-is-python3'],
  ...[
    'python3',
    'python3-pip',
    'python3-venv',
    'ripgrep',
    'rsync',
    'sqlite3',
    'tree',
    'unzip',
    'vim-tiny',
    'wget',
    'xz-utils',
    'zip',
  ],
]

/** One entry of image.packages. A name at the end of which stands a dash would remove the package. */
export function readPackage(text: string): string {
  if (/^[a-z0-9][a-z0-9+.-]{0,98}[a-z0-9+]$/.test(text)) return text
  throw new PaudeError('usage', `not the name of a Debian package: ${quoted(text)}`, {
    hint: 'write it like nodejs or g++, in lower case; to choose a version, use image.tools',
  })
}

/** One entry of image.tools. mise knows other spellings, which run code of anyone: they are no names here. */
export function readTool(text: string): string {
  if (/^[a-z][a-z0-9-]{0,49}(@[0-9A-Za-z][0-9A-Za-z.+_-]{0,49})?$/.test(text)) return text
  throw new PaudeError('usage', `not a tool: ${quoted(text)}`, {
    hint: 'write it like node@24, python@3.13, go, rust or java@21; mise registry lists the names',
  })
}

const nameOf = (tool: string): string => tool.split('@')[0] ?? tool

/** mise as npm has it: pinned, and checked as the agent is. */
export const mise = (arch: string): Download => {
  if (arch !== 'x64' && arch !== 'arm64')
    throw new PaudeError('unsupported', `mise, which installs image.tools, has no release for ${arch}`, {
      hint: 'use image.packages',
    })
  return { title: 'mise', package: `@jdxcode/mise-linux-${arch}`, version: '2026.9.15', program: 'bin/mise', libc: 'glibc' }
}

/** How many tools are named one by one. */
const NAMED = 4

/** For people: `nodejs, npm and go@1.24`. */
export function toolsText({ full, packages, tools }: Tools): string {
  const names = [...(full ? ['the full set of tools'] : []), ...packages, ...tools]
  const named = names.length > NAMED ? [...names.slice(0, NAMED - 1), `${names.length - NAMED + 1} more`] : names
  return named.length < 2 ? named.join('') : `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`
}

/** Every file of the context but mise itself. */
export const toolsContext = (wanted: Tools): Readonly<Record<string, string>> => ({
  Dockerfile: dockerfile(wanted),
  ...(wanted.tools.length > 0 ? { 'install-tool': install } : {}),
})

/**
 * Plain instructions only, since docker's legacy builder must manage. What more images share comes first, one step each,
 * so that the engine has it from another image already.
 */
const dockerfile = ({ full, packages, tools }: Tools): string =>
  [
    'ARG BASE',
    'FROM $BASE',
    // A session never runs as the image's user, but as you.
    'USER root',
    ...(full ? [aptGet(FULL)] : []),
    ...(packages.length > 0 ? [aptGet(packages)] : []),
    ...(tools.length > 0
      ? [
          `RUN [ -e /etc/ssl/certs/ca-certificates.crt ] || { ${aptLine(['ca-certificates'])}; }`,
          'COPY download /usr/local/bin/mise',
          'COPY install-tool /usr/local/lib/paude/install-tool',
          ...tools.map((tool) => `RUN /usr/local/lib/paude/install-tool ${tool}`),
        ]
      : []),
    '',
  ].join('\n')

const aptGet = (packages: readonly string[]): string => `RUN ${aptLine(packages)}`

/** Installs packages. Pattern-Only: else apt takes a name that it does not know for an expression, and installs all that match. */
export const aptLine = (packages: readonly string[]): string =>
  [
    'apt-get update',
    `DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -o APT::Cmd::Pattern-Only=true ${packages.join(' ')}`,
    'rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log',
  ].join(' \\\n && ')
