import { lstat, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Feature, LayFeatures } from '../../plan/plan.ts'
import { quote } from '../../plan/shell.ts'
import { shown } from '../../text.ts'
import { readArchive } from './archive.ts'
import { inOrder, type Known, plainName, readAbout } from './order.ts'
import { isOnThisMachine, MOST_FEATURES, pullFeature, unfit } from './registry.ts'

type Means = { readonly note: (text: string) => void; readonly signal: AbortSignal }

/** Lays features out as the context of a build: a folder each, and the Dockerfile that installs them in their order. */
export async function layFeatures({ features, base, user, to }: LayFeatures, { note, signal }: Means): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  const known: Known[] = []
  const waiting = [...features]
  for (const one of waiting) {
    if (known.some(({ name }) => plainName(name) === plainName(one.name))) continue
    if (known.length >= MOST_FEATURES) throw unfit(one.name, `exceeds the limit of ${MOST_FEATURES} features`)
    const place = join(to, String(known.length))
    if (one.folder === '') await unpack(one, place, signal)
    else await rename(one.folder, place)
    const about = readAbout(one.name, await metadata(one.name, place))
    if (about.useless !== '') note(`feature ${shown(one.name)} is left out: ${about.useless}`)
    else waiting.push(...about.dependsOn.map((needed) => elsewhere(needed, one.name)))
    // Beside the folder and never through a link: nothing of the feature stands there.
    await writeFile(`${place}.sh`, installScript({ ...one, about }, user), { mode: 0o755, flag: 'wx' })
    known.push({ ...one, about, folder: place })
  }
  const useful = inOrder(known).filter(({ about }) => about.useless === '')
  await writeFile(join(to, 'Dockerfile'), dockerfile(base, useful), { mode: 0o600 })
}

/** What somebody publishes elsewhere leads to nothing that listens on this machine alone. */
function elsewhere(needed: Feature, by: string): Feature {
  if (isOnThisMachine(needed.name) && !isOnThisMachine(by)) throw unfit(by, `depends on ${needed.name}, which is on this machine`)
  return needed
}

async function unpack(feature: Feature, place: string, signal: AbortSignal): Promise<void> {
  const files = await readArchive(feature.name, await pullFeature(feature, signal))
  await mkdir(place, { mode: 0o700 })
  for (const [path, content] of files) {
    await mkdir(join(place, dirname(path)), { recursive: true, mode: 0o700 })
    // Nothing is there yet: a name that stands twice in the archive was taken once.
    await writeFile(join(place, path), content, { mode: 0o755, flag: 'wx' })
  }
}

async function metadata(name: string, place: string): Promise<string> {
  const names = await readdir(place)
  const lacking = ['install.sh', 'devcontainer-feature.json'].find((file) => !names.includes(file))
  if (lacking !== undefined) throw unfit(name, `is not a feature: it has no ${lacking}`)
  const file = join(place, 'devcontainer-feature.json')
  // One that lies in the project may hold links.
  if (!(await lstat(file)).isFile()) throw unfit(name, 'has a devcontainer-feature.json that is not a file')
  return await readFile(file, 'utf8')
}

/** As the specification has it: options by their names in capitals, and for whom is installed. */
function installScript({ options, about }: Known, user: string): string {
  const values = { ...about.defaults, ...options }
  return [
    '#!/bin/sh',
    'set -e',
    `user=${quote(user)}`,
    'id "$user" >/dev/null 2>&1 || user=root',
    `home=$(awk -F: -v user="$user" '$1 == user { print $6 }' /etc/passwd 2>/dev/null) || home=`,
    '[ -n "$home" ] || home=/root',
    'export _REMOTE_USER="$user" _CONTAINER_USER="$user" _REMOTE_USER_HOME="$home" _CONTAINER_USER_HOME="$home"',
    ...Object.entries(values).map(([name, value]) => `export ${variableOf(name)}=${quote(value)}`),
    'chmod -R 0755 .',
    'exec ./install.sh',
    '',
  ].join('\n')
}

const variableOf = (name: string): string =>
  name
    .replace(/[^\w]/g, '_')
    .replace(/^[\d_]+/, '_')
    .toUpperCase()

function dockerfile(base: string, features: readonly Known[]): string {
  return [
    `FROM ${base}`,
    'USER root',
    ...features.flatMap(({ folder, name, about }) => {
      const at = folder.split('/').at(-1) ?? ''
      return [
        ...Object.entries(about.containerEnv).map(([key, value]) => `ENV ${key}="${checked(name, key, value)}"`),
        `COPY ${at} /tmp/paude-feature-${at}/`,
        `COPY ${at}.sh /tmp/paude-feature-${at}.sh`,
        `RUN cd /tmp/paude-feature-${at} && ../paude-feature-${at}.sh && rm -rf /tmp/paude-feature-${at} /tmp/paude-feature-${at}.sh`,
      ]
    }),
    '',
  ].join('\n')
}

/** One line of a Dockerfile, in which variables of the image may stand. */
function checked(name: string, key: string, value: string): string {
  if (!/^[A-Za-z_]\w*$/.test(key) || /[\r\n\0]/.test(value)) throw unfit(name, `sets an invalid environment variable: ${key}`)
  return value.replace(/["\\]/g, '\\$&')
}
