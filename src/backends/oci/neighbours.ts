import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { findProgram, type Host } from '../../host.ts'
import { programs } from '../names.ts'
import { dockerSocket } from './socket.ts'

type Here = Pick<Host, 'env' | 'home'>

/** Where engines listen that answer to docker's client, by what people call them. Not each of them was tried: these are the places of their documentation. */
const places = ({ env, home }: Here): readonly (readonly [title: string, path: string])[] => [
  ['colima', join(env['COLIMA_HOME'] || join(home, '.colima'), 'default/docker.sock')],
  ['colima', join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'colima/default/docker.sock')],
  ['OrbStack', join(home, '.orbstack/run/docker.sock')],
  ['Docker Desktop', join(home, '.docker/run/docker.sock')],
  ['Docker Desktop', join(home, '.docker/desktop/docker.sock')],
  ['Rancher Desktop', join(home, '.rd/docker.sock')],
  ['Lima', join(env['LIMA_HOME'] || join(home, '.lima'), 'docker/sock/docker.sock')],
  ...(env['XDG_RUNTIME_DIR'] ? ([['rootless docker', join(env['XDG_RUNTIME_DIR'], 'docker.sock')]] as const) : []),
]

/** How docker's client reaches an engine that has a socket where it does not look, as a sentence; '' where there is none. Only their places are looked at. */
export function otherEngines(host: Here): string {
  const usual = dockerSocket(host)
  const found = places(host).filter(([, path]) => path !== usual && existsSync(path))
  return found.map(([title, path]) => `there is a socket of ${title}: export DOCKER_HOST=unix://${path}`).join('; ')
}

/** Characters of a program that are read to tell whose it is. */
const HEAD = 1024

/** Why a `docker` is none, as the end of a sentence: a link to podman, or the script that podman-docker installs; '' where it may be one. */
export function standIn(host: Pick<Host, 'env'>): string {
  const program = findProgram(host, programs.docker)
  if (program === null) return ''
  const isPodman = basename(realpathSync(program)).startsWith('podman') || /^\s*exec\s+\S*\bpodman\s/m.test(headOf(program))
  return isPodman ? `is podman under another name here (${program}); use --backend podman` : ''
}

/** What a script begins with; '' for what is none, or cannot be read, as a program need not be. */
function headOf(path: string): string {
  let file: number | null = null
  try {
    file = openSync(path, 'r')
    const bytes = Buffer.alloc(HEAD)
    const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, HEAD, 0))
    return text.startsWith('#!') ? text : ''
  } catch {
    return ''
  } finally {
    if (file !== null) closeSync(file)
  }
}
