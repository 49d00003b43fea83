import type { Check, CheckedImage } from './checked.ts'
import type { Metadata } from './metadata.ts'

/** What can be said without starting a box. */
export const checkMetadata = ({ reference, architecture, metadata }: CheckedImage): readonly Check[] => [
  name(reference),
  pinned(reference),
  processor(architecture, metadata),
  digest(metadata),
  user(metadata),
  entrypoint(metadata),
  ...interference(metadata),
  proxies(metadata),
  secrets(metadata),
  size(metadata),
]

/** Host, path, tag, digest, each as the engines take them. */
const REFERENCE =
  /^(?:(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/

export const isReference = (text: string): boolean => text.length <= 512 && REFERENCE.test(text)

const name = (reference: string): Check => ({
  id: 'K1',
  title: 'name',
  severity: 'error',
  ok: isReference(reference),
  message: isReference(reference) ? reference : `not the name of an image: ${reference}`,
  fix: isReference(reference) ? '' : 'write it like registry.example/team/image:tag, in lower case',
})

function pinned(reference: string): Check {
  const last = reference.split('/').at(-1) ?? ''
  const ok = /[:@]/.test(last) && !last.endsWith(':latest')
  return {
    id: 'K1',
    title: 'tag',
    severity: 'warning',
    ok,
    message: ok ? 'names a tag or digest' : 'has no tag, so it means latest',
    fix: ok ? '' : 'name a tag or digest',
  }
}

function processor(wanted: string, { architecture, os }: Metadata): Check {
  const needed = GO_NAMES[wanted] ?? wanted
  const ok = architecture === needed && os === 'linux'
  return {
    id: 'K3',
    title: 'processor',
    severity: 'error',
    ok,
    message: ok ? `${os}/${architecture}` : `made for ${os}/${architecture}, but the engine runs linux/${needed}`,
    fix: ok ? '' : `pull it with --platform=linux/${needed}, if it exists`,
  }
}

const GO_NAMES: Readonly<Record<string, string>> = { x64: 'amd64', x86_64: 'amd64', aarch64: 'arm64' }

function digest({ digests }: Metadata): Check {
  // Some engines give images that were built here a digest, too, but nobody can pull by it.
  const name = digests.find((digest) => !digest.startsWith('localhost/'))
  return {
    id: 'K4',
    title: 'digest',
    severity: 'note',
    ok: true,
    message: name === undefined ? 'none: built on this machine' : `pin it as ${name}`,
    fix: '',
  }
}

const user = ({ user: name }: Metadata): Check => ({
  id: 'K18',
  title: 'USER',
  severity: 'note',
  ok: true,
  message: name === '' ? 'none' : `${name} is replaced by your uid and gid`,
  fix: '',
})

const entrypoint = ({ entrypoint: words }: Metadata): Check => ({
  id: 'K19',
  title: 'ENTRYPOINT',
  severity: 'note',
  ok: true,
  message: words.length === 0 ? 'none' : `a session does not run ${words.join(' ')}`,
  fix: '',
})

function interference({ volumes, healthcheck, stopSignal }: Metadata): readonly Check[] {
  const signalOk = /^(|SIGTERM|TERM|15)$/.test(stopSignal)
  return [
    {
      id: 'K20',
      title: 'VOLUME',
      severity: 'warning',
      ok: volumes.length === 0,
      message:
        volumes.length === 0 ? 'none' : `${volumes.join(', ')}: every session gets an empty volume there that belongs to root`,
      fix: volumes.length === 0 ? '' : 'leave VOLUME out',
    },
    {
      id: 'K20',
      title: 'HEALTHCHECK',
      severity: 'warning',
      ok: !healthcheck,
      message: healthcheck ? 'runs in every session' : 'none',
      fix: healthcheck ? 'HEALTHCHECK NONE' : '',
    },
    {
      id: 'K20',
      title: 'STOPSIGNAL',
      severity: 'warning',
      ok: signalOk,
      message: signalOk ? 'SIGTERM' : `${stopSignal}: an agent saves its work on SIGTERM`,
      fix: signalOk ? '' : 'leave STOPSIGNAL out',
    },
  ]
}

function proxies({ environment }: Metadata): Check {
  const names = Object.keys(environment).filter((key) => /^(https?|all|no|ftp)_proxy$/i.test(key))
  return {
    id: 'K21',
    title: 'proxy variables',
    severity: 'warning',
    ok: names.length === 0,
    message: names.length === 0 ? 'none' : `${names.join(', ')} in the image; a walled session sets its own`,
    fix: names.length === 0 ? '' : 'pass them as build arguments; those do not stay in the image',
  }
}

/** Names only: a value that looks secret is never shown. */
function secrets({ environment, labels }: Metadata): Check {
  const names = [...Object.entries(environment), ...Object.entries(labels)].flatMap(([key, value]) =>
    value !== '' && SECRET.test(key) ? [key] : [],
  )
  return {
    id: 'K22',
    title: 'secrets',
    severity: 'warning',
    ok: names.length === 0,
    message:
      names.length === 0
        ? 'no variable or label looks like one'
        : `${names.join(', ')} look like secrets, and everyone with the image can read them`,
    fix: names.length === 0 ? '' : 'remove them, and replace the secrets',
  }
}

const SECRET = /(^|[._-])(token|secret|password|passwd|credentials?|api[._-]?key|private[._-]?key|access[._-]?key)([._-]|$)/i

const size = ({ size: bytes, layers }: Metadata): Check => ({
  id: 'K36',
  title: 'size',
  severity: 'note',
  ok: true,
  message: `${Math.round(bytes / 1e6)} MB in ${layers} ${layers === 1 ? 'layer' : 'layers'}`,
  fix: '',
})
