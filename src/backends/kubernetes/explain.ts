import { PaudeError } from '../../errors.ts'
import { printableOutput } from '../../text.ts'
import type { Failure } from '../backend.ts'
import { type Explanation, explainBy } from '../explain-by.ts'

/** Says why kubectl failed and what to do about it; its own words are the cause. */
export function explain(failure: Failure): PaudeError {
  const words = kubectlWords(failure.stderr)
  return (
    explainWords(words, whereOf(failure.argv)) ??
    new PaudeError('command-failed', `${said(failure)}${words === '' ? '' : `: ${words}`}`, { cause: new Error(words) })
  )
}

/** Context and namespace of a call; '' where its words do not tell. */
export type Where = { readonly context: string; readonly namespace: string }

/** The same of words that stand elsewhere too: a controller of the cluster is refused what we asked it for, and tells it in an event. */
export const explainWords = (words: string, where: Where): PaudeError | null =>
  explainBy(rows, words, (groups) => {
    const found = groups.map((group) => group ?? '')
    return { ...where, found, first: found.find((group) => group !== '') ?? '' }
  })

type Subject = Where & {
  /** The groups of the row's pattern; '' for one that took no part. */
  readonly found: readonly string[]
  /** The first that took part. */
  readonly first: string
}

/** What kubectl and the API server say, recorded in test/fixtures/kubernetes/errors.json. */
const rows: readonly Explanation<Subject>[] = [
  {
    when: /context was not found for specified context: ([^\n]+)|context "([^"]+)" does not exist/,
    code: 'config',
    say: ({ first }) => `your kubeconfig has no context ${first}`,
    hint: () => 'list them: kubectl config get-contexts -o name; then set kubernetes.context',
  },
  {
    when: /current-context is not set|The connection to the server localhost:8080 was refused|no configuration has been provided/,
    code: 'config',
    say: () => 'kubectl knows no cluster: there is no kubeconfig, or it has no current context',
    hint: () => 'list its contexts: kubectl config get-contexts; then set kubernetes.context, or KUBECONFIG',
  },
  {
    when: /error loading config file "([^"]+)": ([^\n]+)|^(?:error: )?stat ([^\n:]+): no such file or directory/m,
    code: 'config',
    say: ({ found: [file, why, missing] }) =>
      missing === '' ? `cannot read the kubeconfig ${file}: ${why}` : `the kubeconfig ${missing} does not exist`,
    hint: () => 'correct the file, or KUBECONFIG',
  },
  {
    when: /getting credentials: exec: executable (\S+) not found/,
    code: 'backend-denied',
    say: ({ first }) => `the login of this cluster needs ${first}, which is not in PATH`,
    hint: ({ first }) => `install ${first}, as your cluster's documentation says`,
  },
  {
    when: /getting credentials: exec: executable (\S+) failed with exit code \d+/,
    code: 'backend-denied',
    say: ({ first }) => `${first} gives no login for this cluster`,
    hint: ({ context }) =>
      `log in again to your cloud or identity provider, then try: kubectl${flag('context', context)} get pods`,
  },
  {
    when: /You must be logged in to the server|the server has asked for the client to provide credentials|error: Unauthorized|\(Unauthorized\)/,
    code: 'backend-denied',
    say: () => 'the cluster does not accept your login: it has expired, or is for another cluster',
    hint: ({ context }) => `log in again to your cluster, then try: kubectl${flag('context', context)} get pods`,
  },
  {
    when: /namespaces? "([^"]+)" not found/,
    code: 'not-found',
    say: ({ first }) => `the cluster has no namespace ${first}`,
    hint: ({ context, first }) =>
      `make it: kubectl${flag('context', context)} create namespace ${first}; or choose another one with kubernetes.namespace`,
  },
  {
    when: /unable to create new content in namespace (\S+) because it is being terminated/,
    code: 'refused',
    say: ({ first }) => `the namespace ${first} is being deleted`,
    hint: ({ context, first }) =>
      `wait until it is gone: kubectl${flag('context', context)} wait --for=delete namespace/${first}; or choose another one with kubernetes.namespace`,
  },
  {
    when: /exceeded quota: (\S+?), requested: (\S+?), used: (\S+?), limited: (\S+)/,
    code: 'refused',
    say: ({ found: [quota, requested, used, limited] }) =>
      `the quota ${quota} of the namespace does not allow ${requested}: ${used} of ${limited} is in use`,
    hint: () => 'remove a session you do not need: paude sessions; or ask for a larger quota',
  },
  {
    when: /failed quota: (\S+?): must specify ([^\n]+)/,
    code: 'refused',
    say: ({ found: [quota, missing] }) => `the quota ${quota} of the namespace wants ${missing} to be set`,
    hint: () => 'set limits.cpus, limits.memory and kubernetes.requests',
  },
  {
    when: /((?:maximum|minimum) \S+ usage per (?:Container|Pod|PersistentVolumeClaim) is [^,\]\n]+)[^\n]*/,
    code: 'refused',
    say: ({ first }) => `a limit range of the namespace refuses the pod: ${first}`,
    hint: ({ context, namespace }) =>
      `see it: kubectl${flag('context', context)}${flag('namespace', namespace)} describe limitrange; then set limits.memory, limits.cpus or kubernetes.home_size`,
  },
  {
    when: /violates PodSecurity "([^"]+)": ([^\n]+)/,
    code: 'refused',
    say: ({ found: [level, why] }) => `the namespace admits only pods of the level ${level}: ${why}`,
    hint: () => 'use a namespace with the level restricted or a weaker one: kubernetes.namespace',
  },
  {
    when: /admission webhook "([^"]+)" denied the request: ([^\n]+)/,
    code: 'refused',
    say: ({ found: [webhook, why] }) => `a policy of the cluster (${webhook}) refuses it: ${why}`,
    hint: () => 'ask the administrator of the cluster, or use another namespace: kubernetes.namespace',
  },
  {
    when: /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: ([^\n]+)/,
    code: 'refused',
    say: ({ found: [policy, why] }) => `a policy of the cluster (${policy}) refuses it: ${why}`,
    hint: () => 'ask the administrator of the cluster, or use another namespace: kubernetes.namespace',
  },
  {
    when: /serviceaccounts? "([^"]+)" not found/,
    code: 'config',
    say: ({ first }) => `the namespace has no service account ${first}`,
    hint: ({ context, namespace }) =>
      `list them: kubectl${flag('context', context)}${flag('namespace', namespace)} get serviceaccounts; then set kubernetes.service_account`,
  },
  {
    when: /RuntimeClass "([^"]+)" not found/,
    code: 'config',
    say: ({ first }) => `the cluster has no runtime class ${first}`,
    hint: ({ context }) => `list them: kubectl${flag('context', context)} get runtimeclasses; then set kubernetes.runtime_class`,
  },
  {
    when: /User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/,
    code: 'backend-denied',
    say: ({ found: [user, verb, resource, , namespace] }) =>
      `${user} may not ${verb} ${resource}${namespace === '' ? '' : ` in the namespace ${namespace}`}`,
    hint: ({ found: [, verb, resource, group] }) =>
      `missing rule: apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]; all of them: paude kubernetes rbac`,
  },
  {
    when: /no matches for kind "([^"]+)" in version "([^"]+)"|the server doesn't have a resource type "([^"]+)"/,
    code: 'backend-old',
    say: ({ first }) => `the cluster does not know ${first}`,
    hint: () => 'use a cluster of Kubernetes 1.27 or later',
  },
  {
    when: /unknown flag: (\S+)/,
    code: 'backend-old',
    say: ({ first }) => `this kubectl does not know ${first}`,
    hint: () => 'install kubectl 1.27 or later',
  },
  {
    when: /x509: certificate has expired or is not yet valid/,
    code: 'backend-down',
    say: () => 'the certificate of the cluster is not valid today',
    hint: () => "check this machine's clock with date, then fetch the kubeconfig again",
  },
  {
    when: /x509: ([^\n]+)/,
    code: 'backend-down',
    say: ({ first }) => `the certificate of the cluster is not the one of your kubeconfig: ${first}`,
    hint: () => 'fetch the kubeconfig again; a proxy that re-signs TLS is not trusted',
  },
  {
    when: /server gave HTTP response to HTTPS client/,
    code: 'backend-down',
    say: () => 'what answers at the address of the cluster does not speak TLS',
    hint: ({ context }) =>
      `check the address: kubectl${flag('context', context)} config view --minify; a proxy may answer instead`,
  },
  {
    when: /The connection to the server (\S+) was refused|dial tcp: lookup (\S+?)(?: on \S+)?: no such host|dial tcp (\S+?): (?:i\/o timeout|connect: )|net\/http: (TLS handshake timeout|request canceled[^\n]*)|(context deadline exceeded)/,
    code: 'backend-down',
    say: ({ first }) =>
      /^[\w.:[\]-]+$/.test(first) ? `the cluster does not answer at ${first}` : `the cluster does not answer: ${first}`,
    hint: ({ context }) =>
      `check network and VPN, and the address: kubectl${flag('context', context)} cluster-info; another cluster: kubernetes.context`,
  },
  {
    when: /Unable to connect to the server: ([^\n]+)|(connection reset by peer|unexpected EOF|http2: client connection lost)/,
    code: 'backend-down',
    say: ({ first }) => `the connection to the cluster was cut: ${first}`,
    hint: () => 'try again; paude rm --orphans removes what may be left of a start',
  },
  {
    when: /etcdserver: ([^\n]+)|(?:the server is currently unable to handle the request|apiserver not ready)()|Too many requests/,
    code: 'backend-down',
    say: ({ first }) => `the API server of the cluster is overloaded or starting${first === '' ? '' : ` (${first})`}`,
    hint: () => 'try again in a minute',
  },
  {
    when: /(?:pods|jobs\.batch|deployments\.apps|services|secrets|persistentvolumeclaims) "([^"]+)" not found/,
    code: 'not-found',
    say: ({ first }) => `the cluster has no ${first}`,
    hint: () => 'paude sessions',
  },
  {
    when: /unable to upgrade connection: ([^\n]+)|error dialing backend: ([^\n]+)/,
    code: 'backend-down',
    say: ({ first }) => `the cluster cannot reach the node of the pod: ${first}`,
    hint: () => 'try again; if it stays, the node is down or a proxy before the API server refuses streams',
  },
  {
    // Asked of the sessions of a HOME that is to go.
    when: /timed out waiting for the condition on jobs\/(\S+)/,
    code: 'refused',
    say: ({ first }) => `session ${first} uses this HOME, so it stays`,
    hint: ({ first }) => `remove that session with it: paude rm --volumes ${first}`,
  },
  {
    when: /(\S+) "([^"]+)" already exists/,
    code: 'name-taken',
    say: ({ found: [kind, name] }) => `the cluster has ${kind} ${name} already`,
    hint: () => 'paude sessions',
  },
  {
    when: /(\w+) "[^"]+" is invalid: ([^\n]+)/,
    code: 'config',
    say: ({ found: [kind, why] }) => `the cluster does not accept the ${kind}: ${why}`,
    hint: () => 'correct the key of [kubernetes] or [limits] that it names: paude config show',
  },
]

const flag = (name: keyof Where, value: string): string => (value === '' ? '' : ` --${name}=${value}`)

/** Of the words before a program's own, which a call of `exec` ends with. */
function whereOf(argv: readonly string[]): Where {
  const end = argv.indexOf('--')
  const own = end === -1 ? argv : argv.slice(0, end)
  const given = (name: string) => own.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? ''
  return { context: given('context'), namespace: given('namespace') }
}

/** stderr without what a terminal acts on, and without the log of the client's library, which says all of it five times. */
export const kubectlWords = (stderr: string): string =>
  printableOutput(stderr)
    .replace(/^E\d{4} [^\n]*err=<\n[\s\S]*?\n >$/gm, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !NOISE.test(line))
    .map((line) => line.replace(/^(?:error: |Error from server(?: \(\w+\))?: )+(?=\S)/, ''))
    .slice(-10)
    .join('\n')

const NOISE = /^[EWI]\d{4} |^Warning: |^See 'kubectl \S+ --help'|Unknown stream id \d+, discarding message/

const said = ({ argv, code }: Failure) =>
  `kubectl ${argv.slice(1).find((word) => !word.startsWith('-')) ?? ''} failed with exit code ${code}`
