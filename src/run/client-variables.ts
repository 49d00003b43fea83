import { existsSync } from 'node:fs'

/** Names of logins: these travel in the client's environment, since argv is for everybody to read. No client does as they say. */
const LOGIN = '(?!.*(PASS|TOKEN|SECRET|CREDENTIAL|AUTH_CONFIG|(?<!TLS)_KEY$|USER(NAME)?$))'

/**
 * Names that the engine's own client, its libraries or what it starts would obey if they stood in its environment. None of them
 * holds a secret: these go by argv. Whole families, since every release knows some more.
 */
export const STEERS_CLIENT = new RegExp(
  `^(${[
    // The system, its loader and libraries, and the shells and ssh that a client may start.
    'PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|IFS|ENV|BASH_ENV|BASH_FUNC_.*|XDG_.*|LD_.*|GLIBC_TUNABLES|MALLOC_.*',
    'GCONV_PATH|LOCPATH|NLSPATH|TZDIR|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|RESOLV_HOST_CONF|GNUPGHOME|SSL_CERT_(FILE|DIR)',
    'SSH_(AUTH_SOCK|ASKPASS.*|SK_.*)',
    'GO(DEBUG|GC|MAXPROCS|MEMLIMIT|TRACEBACK|COVERDIR)',
    // Whoever supervises it.
    'DBUS_.*|NOTIFY_.*|LISTEN_.*|WATCHDOG_.*|INVOCATION_ID|JOURNAL_STREAM|MAINPID',
    // The engines and their helpers.
    'STORAGE_(DRIVER|OPTS?|CONF.*)|REGISTRY_AUTH_FILE|REGISTRIES_.*',
    'KUBE(CONFIG|RC|CACHEDIR)|KUBECTL_.*',
    `_?(CONTAINERS?|DOCKER|PODMAN|LIBPOD|BUILDKIT|BUILDAH|BUILDX|NETAVARK|AARDVARK|CNI)_${LOGIN}.*`,
  ].join('|')})$`,
)

/** Variables that name files of an engine's client. */
export const OWN_FILES = ['KUBECONFIG', 'DOCKER_CONFIG', 'DOCKER_CERT_PATH', 'CONTAINERS_CONF', 'REGISTRY_AUTH_FILE']

/** Where docker's client looks for buildx besides its own configuration; the last is Homebrew's. */
const PLUGINS = ['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec', '/opt/homebrew/lib']

/** A client that is told to use buildx, and does not have it, builds nothing at all: the builder that it has must do. */
export function builderVariables(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const { DOCKER_BUILDKIT = '', DOCKER_CONFIG, HOME = '' } = env
  if (!/^(1|t|true)$/i.test(DOCKER_BUILDKIT)) return {}
  const folders = [DOCKER_CONFIG || `${HOME}/.docker`, ...PLUGINS.map((folder) => `${folder}/docker`)]
  return folders.some((folder) => existsSync(`${folder}/cli-plugins/docker-buildx`)) ? {} : { DOCKER_BUILDKIT: '0' }
}
