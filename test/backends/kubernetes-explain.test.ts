import { expect, test } from 'bun:test'
import { explain, kubectlWords } from '../../src/backends/kubernetes/explain.ts'
import type { ErrorCode } from '../../src/errors.ts'
import recorded from '../fixtures/kubernetes/errors.json'

type Expected = readonly [code: ErrorCode, message: string | RegExp, hint: RegExp]

// Real stderr of kubectl 1.33 and of a cluster of 1.33; a recording without a row here fails.
const expectations: Readonly<Record<keyof typeof recorded, Expected>> = {
  'no-such-context': ['config', 'your kubeconfig has no context nope', /get-contexts/],
  'no-context': ['config', /^kubectl knows no cluster/, /KUBECONFIG/],
  'no-kubeconfig': ['config', 'the kubeconfig /srv/none does not exist', /KUBECONFIG/],
  'bad-kubeconfig': ['config', /^cannot read the kubeconfig \/srv\/bad\.yaml: yaml: line 1/, /correct the file/],
  refused: ['backend-down', 'the cluster does not answer at 127.0.0.1:9', /kubectl --context=dead cluster-info/],
  'refused-apply': ['backend-down', 'the cluster does not answer at 127.0.0.1:9', /VPN/],
  'unknown-host': ['backend-down', 'the cluster does not answer at api.example.invalid', /VPN/],
  'connection-cut': ['backend-down', /^the connection to the cluster was cut: read tcp/, /rm --orphans/],
  'home-in-use': ['refused', 'session paude-4v8fpm uses this HOME, so it stays', /paude rm --volumes paude-4v8fpm$/],
  'claim-there': ['name-taken', /^the cluster has persistentvolumeclaims paude-home-claude-\w+ already$/, /paude sessions/],
  timeout: ['backend-down', 'the cluster does not answer: context deadline exceeded', /VPN/],
  'not-tls': ['backend-down', /does not speak TLS$/, /config view/],
  'login-plugin-missing': ['backend-denied', /needs nologin-plugin, which is not in PATH$/, /install nologin-plugin/],
  'login-plugin-fails': ['backend-denied', 'false gives no login for this cluster', /log in again .*--context=execfail/],
  'no-namespace': ['not-found', 'the cluster has no namespace b-none', /kubectl --context=kubetest create namespace b-none/],
  quota: ['refused', 'the quota small of the namespace does not allow pods=1: pods=0 of pods=0 is in use', /larger quota/],
  'quota-wants-limits': ['refused', /^the quota memory of the namespace wants limits\.cpu for: agent/, /limits\.cpus/],
  'limit-range': ['refused', /maximum memory usage per Container is 64Mi$/, /describe limitrange/],
  'limit-range-claim': ['refused', /maximum storage usage per PersistentVolumeClaim is 1Gi$/, /home_size/],
  'pod-security': [
    'refused',
    /^the namespace admits only pods of the level restricted:latest: allowPriv/,
    /kubernetes\.namespace/,
  ],
  'no-such-kind': ['backend-old', 'the cluster does not know NetworkPolicy', /1\.27/],
  'no-such-pod': ['not-found', 'the cluster has no paude-abcdef-x', /paude sessions/],
  'exec-no-such-job': ['not-found', 'the cluster has no paude-abcdef', /paude sessions/],
  invalid: ['config', /^the cluster does not accept the Pod: spec\.containers\[0\]\.resources\.requests/, /\[limits\]/],
  'invalid-quantity': ['command-failed', /quantities must match/, /^$/],
  'no-runtime-class': ['config', 'the cluster has no runtime class gvisor', /get runtimeclasses/],
  'namespace-ending': ['refused', 'the namespace b-ending is being deleted', /wait --for=delete namespace\/b-ending/],
  forbidden: [
    'backend-denied',
    'system:serviceaccount:b-plain:limited may not list pods in the namespace b-plain',
    /apiGroups: \[""\], resources: \["pods"\], verbs: \["list"\]; .*paude kubernetes rbac/,
  ],
  'forbidden-apply': ['backend-denied', /may not patch jobs/, /apiGroups: \["batch"\]/],
  'forbidden-policy': ['backend-denied', /may not patch networkpolicies/, /networking\.k8s\.io/],
  'forbidden-exec': ['backend-denied', /may not get jobs/, /rbac/],
  'login-expired': ['backend-denied', /does not accept your login/, /log in again .*--context=kubetest/],
  'other-authority': ['backend-down', /is not the one of your kubeconfig/, /fetch the kubeconfig again/],
  'admission-policy': [
    'refused',
    'a policy of the cluster (b-team) refuses it: every object needs a label team',
    /administrator/,
  ],
  'unknown-flag': ['backend-old', 'this kubectl does not know --no-such-flag', /1\.27/],
}

test.each(Object.entries(recorded))('kubectl: %s', (name, failure) => {
  const [code, message, hint] = expectations[name as keyof typeof recorded]
  const error = explain({ ...failure, stdout: '' })
  expect(error.code).toBe(code)
  expect(error.message).toMatch(typeof message === 'string' ? new RegExp(`^${RegExp.escape(message)}$`) : message)
  expect(error.hint).toMatch(hint)
})

test('the log of its library is left out, and what a terminal would act on', () => {
  expect(kubectlWords(recorded['login-plugin-missing'].stderr)).not.toMatch(/memcache|Unhandled/)
  expect(kubectlWords('error: \u001b]0;title\u0007gone\n')).not.toContain('\u001b')
})

test('what nobody knows is told with the verb and in the words of kubectl', () => {
  const error = explain({ argv: ['kubectl', '--context=one', 'apply', '-f', '-'], code: 1, stdout: '', stderr: 'error: odd\n' })
  expect(error.message).toBe('kubectl apply failed with exit code 1: odd')
})

test('words of a program in a pod name no cluster', () => {
  const argv = ['kubectl', 'exec', 'one', '--', 'sh', '--context=elsewhere']
  const { hint } = explain({ argv, code: 1, stdout: '', stderr: 'error: You must be logged in to the server (Unauthorized)\n' })
  expect(hint).not.toContain('elsewhere')
})
