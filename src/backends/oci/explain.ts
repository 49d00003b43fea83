import { PaudeError } from '../../errors.ts'
import { printableOutput } from '../../text.ts'
import type { Failure } from '../backend.ts'
import { type Explanation, explainBy } from '../explain-by.ts'
import type { OciName } from './flags.ts'

/** A call of an engine that failed. */
export type Failed = Failure & { readonly engine: OciName }

/** Says what went wrong and what to do about it; the engine's own words are the cause. */
export function explain(failure: Failed): PaudeError {
  const error = explained(failure)
  const left = unnamedImage(failure)
  if (left === '') return error
  const leftover = `the steps that worked stay as an image without a name; to remove it: ${failure.engine} image rm ${left}`
  return new PaudeError(error.code, error.message, {
    hint: [error.hint, leftover].filter(Boolean).join('; '),
    cause: error.cause,
  })
}

/** What a build that failed made last and nobody takes away: '' where it made nothing. A builder with a cache of its own tells of none. */
function unnamedImage({ argv, stdout, stderr }: Failed): string {
  // What is left of one with stages goes by their label.
  if (argv[1] !== 'build' || argv.some((word) => word.startsWith('--build-arg=STAGE='))) return ''
  const steps = `${stdout}\n${stderr}`.matchAll(/^(.*)\n(?: ---> |--> )([0-9a-f]{11,64})\s*$/gm)
  // The base, and a step that another image may have as well, are not its own.
  const made = [...steps].filter(([, before = '']) => !/^Step \d+\/\d+ : FROM | ---> Using cache/.test(before))
  return made.at(-1)?.[2] ?? ''
}

function explained(failure: Failed): PaudeError {
  // docker's legacy builder puts the output of a failed step on stdout.
  const words = engineWords(failure.argv[1] === 'build' ? `${failure.stdout}\n${failure.stderr}` : failure.stderr)
  return (
    explainBy(rows, words, (groups) => ({
      ...failure,
      found: groups.find((group) => group !== undefined) ?? '',
      image: imageOf(failure.argv),
    })) ?? new PaudeError('command-failed', `${said(failure)}${words === '' ? '' : `: ${words}`}`, { cause: new Error(words) })
  )
}

type Subject = Failed & {
  /** First group of the row's pattern that took part. */
  readonly found: string
  /** The image the call was about, or '' when its words do not tell. */
  readonly image: string
}

/** What the engines say, recorded in test/fixtures/{docker,podman}/errors.json. */
const rows: readonly Explanation<Subject>[] = [
  {
    when: /permission denied while trying to connect|dial unix \S+: connect: permission denied/i,
    code: 'backend-denied',
    say: ({ engine }) => `no permission to use ${engine}'s socket`,
    hint: ({ engine }) =>
      engine === 'docker'
        ? 'join the docker group (its members can become root), or use --backend podman'
        : 'unset CONTAINER_HOST, or use a socket of your own',
  },
  {
    when: /context "([^"]+)": context not found|"([^"]+)" service destination not found/,
    code: 'backend-down',
    say: ({ engine, found }) => `${engine} has no ${engine === 'docker' ? 'context' : 'connection'} named ${found}`,
    hint: ({ engine }) =>
      engine === 'docker'
        ? 'list them: docker context ls; see also DOCKER_CONTEXT'
        : 'list them: podman system connection list; see also CONTAINER_CONNECTION',
  },
  {
    when: /Cannot connect to the Docker daemon at (\S+?)\.? |failed to connect to the docker API at (\S+?);|error during connect|Cannot connect to Podman(?:[\s\S]* dial \w+ (\S+):)?|unable to connect to Podman|failed to connect: (?:ssh|dial)/i,
    code: 'backend-down',
    say: ({ engine, found }) => `${engine} does not answer${found === '' ? '' : ` at ${found}`}`,
    hint: ({ engine }) =>
      engine === 'docker' ? 'start Docker, or correct DOCKER_HOST' : 'podman machine start starts it; or correct CONTAINER_HOST',
  },
  {
    when: /client version (\S+) is too new/,
    code: 'backend-old',
    say: ({ engine, found }) => `${engine}'s engine is too old for API version ${found}`,
    hint: () => 'unset DOCKER_API_VERSION, or update the engine (20.10 is the oldest that works)',
  },
  {
    when: /client version (\S+) is too old/,
    code: 'backend-old',
    say: ({ engine, found }) => `${engine}'s client speaks API version ${found}, too old for the engine`,
    hint: () => 'unset DOCKER_API_VERSION, or update the client',
  },
  {
    when: /unknown flag: (\S+)|add-host: "(host-gateway)"|(keep-id) is only supported in rootless mode/,
    code: 'backend-old',
    say: ({ engine, found }) => `this ${engine} does not know ${found}`,
    hint: ({ engine }) => `update ${engine}; docker 20.10 and podman 4.3 are the oldest that work`,
  },
  {
    when: /no subuid ranges|cannot find UID\/GID for user|insufficient UIDs or GIDs|newuidmap/,
    code: 'backend-denied',
    say: () => 'this user has no range of user ids for rootless podman',
    hint: () => 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 <user>, then podman system migrate',
  },
  {
    when: /no space left on device|disk quota exceeded/i,
    code: 'disk-full',
    say: ({ engine }) => `no space left where ${engine} keeps its images and containers`,
    hint: ({ engine }) => `see what takes it: ${engine} system df; free some: ${engine} image prune`,
  },
  {
    when: /short-name "([^"]+)" did not resolve/,
    code: 'image-missing',
    say: ({ found }) => `podman does not know where ${found} comes from`,
    hint: ({ found }) => `write the name in full, such as docker.io/library/${found}`,
  },
  {
    when: /invalid reference format|repository name must be lowercase/,
    code: 'usage',
    say: ({ image }) => `not the name of an image: ${image}`,
    hint: () => 'write it like registry.example/team/image:tag, in lower case',
  },
  // The engines ask a registry on this machine for a local name that is absent.
  {
    when: /No such image|image not known|Unable to find image '[^']+' locally\s*$|"https?:\/\/localhost(?::\d+)?\/v2\/"/i,
    code: 'image-missing',
    say: ({ image, engine }) => `${engine} has no image ${image}`.trimEnd(),
    hint: ({ image, engine }) =>
      /^$|^localhost\//.test(image) ? 'paude image build' : `fetch it with ${engine} pull ${image}, or use --pull missing`,
  },
  {
    when: /toomanyrequests/,
    code: 'registry',
    say: ({ image }) => `the registry of ${image} allows no more downloads for now`,
    hint: ({ engine }) => `log in with ${engine} login, or wait`,
  },
  {
    when: /unauthorized|authentication required|no basic auth credentials|pull access denied|access to the resource is denied|(?:^|: )denied$/m,
    code: 'registry',
    say: ({ image }) => `the registry wants a login for ${image}`,
    hint: ({ engine, image }) =>
      `${engine} login ${registryOf(image)}; some registries also answer so for an unknown name`.replace('  ', ' '),
  },
  {
    when: /manifest unknown|manifest for \S+ not found|name unknown|repository name not known|repository \S+ not found/i,
    code: 'image-missing',
    say: ({ image }) => `the registry has no image ${image}`,
    hint: () => 'check the name and the tag',
  },
  {
    when: /server gave HTTP response to HTTPS client/,
    code: 'registry',
    say: ({ image }) => `the registry of ${image} has no TLS`,
    hint: ({ engine }) => `name it as an insecure registry in ${engine}'s own configuration`,
  },
  {
    when: /x509: certificate has expired or is not yet valid/,
    code: 'registry',
    say: ({ image }) => `the certificate of the registry of ${image} is not valid today`,
    hint: () => "check this machine's clock with date, then try again",
  },
  {
    when: /x509: certificate is valid for ([^\n]+?), not [^\n]+/,
    code: 'registry',
    say: ({ image, found }) => `the certificate of the registry of ${image} is for another host (${found})`,
    hint: () => 'check the name of the registry, and whether a proxy answers instead of it',
  },
  {
    when: /x509: |certificate signed by unknown authority/,
    code: 'registry',
    say: ({ engine, image }) => `${engine} does not trust the certificate of the registry of ${image}`,
    // The engine pulls by itself, so nothing that paude is told reaches it.
    hint: ({ engine, image }) =>
      `does a company's proxy re-sign TLS? Save its certificate as ${CERTS[engine]}/${registryOf(image) || 'REGISTRY'}/ca.crt; --ca-file does not reach ${engine} pull`,
  },
  {
    when: /\/v2\/[^\n]*(?:no such host|connection refused|i\/o timeout|network is unreachable|TLS handshake timeout|Client\.Timeout)|unexpected HTTP status: ([^\n]+)/,
    code: 'registry',
    say: ({ image, found }) => `cannot reach the registry of ${image}${found === '' ? '' : ` (${found})`}`,
    hint: () => 'check the network and the name, or use --pull never',
  },
  {
    when: /container name "\/?([^"]+)" is already in use|network with name (\S+) already exists|network name (\S+) already used|volume with name (\S+) already exists/,
    code: 'name-taken',
    say: ({ engine, found }) => `${engine} already has something named ${found}`,
    hint: ({ engine }) => `choose another name, or remove the old one with ${engine}`,
  },
  {
    when: /remove (\S+): volume is in use|volume (\S+) is being used by/,
    code: 'refused',
    say: ({ found }) => `volume ${found} is used by another session`,
    hint: () => 'list them: paude sessions; remove the last one of the project with --volumes',
  },
  {
    when: /Minimum memory limit allowed is (\S+)|(?:unable to set memory limit|memory limit too low)/,
    code: 'usage',
    say: ({ found }) => `the memory limit is too low${found === '' ? '' : `: the minimum is ${found}`}`,
    hint: () => 'raise --memory; an agent needs a gigabyte or more',
  },
  {
    when: /bind source path does not exist: ([^\n]+)|statfs ([^\n]+): no such file or directory/,
    code: 'not-found',
    say: ({ found, engine }) => `${engine} cannot mount ${found}: it does not exist there`,
    hint: () =>
      'create it, or leave the mount out; an engine in a virtual machine sees only folders that you share with it (colima start --mount FOLDER:w), or a clone: paude --workspace clone',
  },
  {
    when: /exec: "([^"]+)": (?:executable file not found|stat [^\n]*no such file)/,
    code: 'command-not-found',
    say: ({ found }) => `the image has no program ${found}`,
    hint: () => 'see what it lacks: paude image check IMAGE',
  },
  {
    when: /exec: "([^"]+)": permission denied|exec: "([^"]+)": is a directory/,
    code: 'not-executable',
    say: ({ found }) => `${found} cannot be executed in the image`,
    hint: () => 'see what it lacks: paude image check IMAGE',
  },
  {
    when: /exec format error/,
    code: 'unsupported',
    say: () => "the image is for another processor than the engine's",
    hint: ({ engine }) => `fetch the right one with ${engine} pull --platform`,
  },
  {
    when: /No such container: (\S+)|no container with name or ID "([^"]+)"|no such container (\S+)/i,
    code: 'not-found',
    say: ({ found, engine }) => `${engine} has no container ${found}`,
    hint: () => 'paude sessions',
  },
  {
    when: /Temporary failure resolving|Could not resolve host/,
    code: 'command-failed',
    say: () => 'the build cannot reach the servers of its packages',
    hint: () => 'check the network of containers; DNS inside them is the usual reason',
  },
  {
    when: /E: Unable to locate package (\S+)|E: Package '([^']+)' has no installation candidate/,
    code: 'config',
    say: ({ found }) => `the distribution of the image has no package ${found}`,
    hint: () => 'correct image.packages, use image.tools, or choose another base with image.base',
  },
  {
    when: /mise ERROR [^\n]*?([\w-]+@[\w.+-]+): ([^\n]*)/,
    code: 'command-failed',
    say: ({ found }) => `mise could not install ${found}`,
    hint: () => 'check the name and the version in image.tools, and the network of the engine',
  },
  {
    when: /returned a non-zero code: (\d+)|exit status (\d+)|(?:did not complete successfully|executor failed running)[^\n]*: exit code: (\d+)/,
    code: 'command-failed',
    say: ({ found }) => `a step of the image's build failed with exit code ${found}`,
    hint: () => 'read its output above',
  },
]

/** Where an engine looks for the certificates of a registry. */
const CERTS = { docker: '/etc/docker/certs.d', podman: '/etc/containers/certs.d' } as const

/** stderr without what a terminal acts on, what was painted over, and what is said every time. */
export const engineWords = (stderr: string): string =>
  printableOutput(stderr)
    .replace(/^DEPRECATED: The legacy builder[\s\S]*?buildx\/\n/m, '')
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/^.*\r/, '')
        .replace(/^(?:(?:docker|Error|Error response from daemon): )+/, ''),
    )
    .filter((line) => line !== '' && !NOISE.test(line))
    .slice(-10)
    .join('\n')

const NOISE =
  /^Run '\w+ .*--help' for more information|^See '\w+ .*--help'|^Usage: |level=warning|failed to connect to syslog|^Trying to pull |^WARNING: Error loading config file|^Emulate Docker CLI/

const said = ({ engine, argv, code }: Failed) => `${engine} ${verbWords(argv).join(' ')} failed with exit code ${code}`

/** `run`, or both words of `image inspect`. Flags are one token each, so what has no dash is a word. */
function verbWords(argv: readonly string[]): readonly string[] {
  const words = plainWords(argv)
  return words.slice(0, /^(?:image|container|network|volume|system|machine)$/.test(words[0] ?? '') ? 2 : 1)
}

function imageOf(argv: readonly string[]): string {
  const [verb, second] = verbWords(argv)
  if (verb === 'build') return argv.find((word) => word.startsWith('--build-arg=BASE='))?.slice('--build-arg=BASE='.length) ?? ''
  const takesImage = verb === 'image' || (second === undefined && /^(?:run|create|pull|push|rmi)$/.test(verb ?? ''))
  return takesImage ? (plainWords(argv)[second === undefined ? 1 : 2] ?? '') : ''
}

const plainWords = (argv: readonly string[]): readonly string[] => argv.slice(1).filter((word) => !word.startsWith('-'))

function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : ''
}
