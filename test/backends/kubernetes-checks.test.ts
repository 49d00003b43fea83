import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { usualSettings } from '../../src/backends/keys.ts'
import {
  namespaceChecks,
  nodeChecks,
  policyChecks,
  rightChecks,
  skewChecks,
  storageChecks,
} from '../../src/backends/kubernetes/checks.ts'
import { currentContext } from '../../src/backends/kubernetes/kubeconfig.ts'
import { missingRights, RULES, rightsManifest, rightsText } from '../../src/backends/kubernetes/rights.ts'
import { askEngines } from '../../src/doctor/engines.ts'
import { readHost } from '../../src/host.ts'
import { clientFiles, requireOwnFiles } from '../../src/run/client-files.ts'

const states = (checks: readonly { readonly state: string }[]) => checks.map(({ state }) => state)

test('a role that has every rule lacks nothing, and each rule that is taken away is named', () => {
  const line = ({ apiGroups: [group = ''], resources, verbs }: (typeof RULES)[number]) =>
    resources.map((one) => `${group === '' ? one : `${one}.${group}`}   []   []   [${verbs.join(' ')}]`).join('\n')
  const table = (rules: typeof RULES) => rules.map(line).join('\n')
  expect(missingRights(table(RULES))).toEqual([])
  expect(missingRights('*.*   []   []   [*]')).toEqual([])
  for (const [at, { resources }] of RULES.entries())
    for (const resource of resources) expect(rightsText(missingRights(table(RULES.toSpliced(at, 1))))).toContain(resource)
  // The core group alone, and single objects, are not what a session makes.
  expect(rightsText(missingRights('*   []   []   [*]'))).toMatch(/^jobs\.batch .* deployments\.apps .* networkpolicies/)
  expect(missingRights('*.*   []   [one]   [*]').length).toBeGreaterThan(20)
  expect(states(rightChecks(''))).toEqual(['problem'])
})

test.each([
  ['nodes like this machine', 'amd64 amd64', '', ['ok'], 'amd64, like this machine'],
  ['nodes of two kinds', 'arm64 amd64', '', ['warning'], 'of amd64, arm64, and images'],
  ['nodes of two kinds, of which one is chosen', 'arm64 amd64', 'amd64', ['ok'], 'amd64'],
  ['other nodes', 'arm64', '', ['problem'], 'of arm64, and images that are built here are for amd64'],
  ['the other nodes are chosen', 'arm64 amd64', 'arm64', ['problem'], 'of arm64'],
  ['none of those that are chosen', 'amd64', 'arm64', ['problem'], 'none is of arm64'],
  ['no right to see nodes', '', '', [], ''],
])('the processor of %s', (_, stdout, chosen, expected, words) => {
  const checks = nodeChecks(stdout, { here: 'amd64', chosen })
  expect(states(checks)).toEqual(expected)
  expect(checks[0]?.detail ?? '').toContain(words)
})

test('what a cluster of 1.33 tells of rights is read', () => {
  const table = (name: string) => readFileSync(join(import.meta.dir, '../fixtures/kubernetes', name), 'utf8')
  expect(missingRights(table('rights-admin.txt'))).toEqual([])
  expect(missingRights(table('rights-none.txt')).length).toBe(
    RULES.reduce((sum, { resources, verbs }) => sum + resources.length * verbs.length, 0),
  )
})

test('the role gives nothing of the whole cluster, and no right to give rights', () => {
  const text = rightsManifest('team-a', { kind: 'User', name: 'ada' })
  const { items } = JSON.parse(text) as { readonly items: readonly { readonly kind: string }[] }
  expect(items.map(({ kind }) => kind)).toEqual(['Role', 'RoleBinding'])
  expect(text).not.toMatch(
    /Cluster|"\*"|rbac\.authorization\.k8s\.io\/v1".*roles|escalate|bind"|impersonate|serviceaccounts|nodes/,
  )
})

test('a client far from its cluster is told', () => {
  const said = (client: string, server: string) =>
    states(skewChecks(JSON.stringify({ clientVersion: { gitVersion: client }, serverVersion: { gitVersion: server } })))
  expect(said('v1.32.4-dispatcher', 'v1.33.13')).toEqual(['ok'])
  expect(said('v1.27.1', 'v1.33.13')).toEqual(['warning'])
  expect(skewChecks('{"clientVersion":{"gitVersion":"v1.32.4"}}')).toEqual([])
})

test('a cluster without a default storage class, or without the named one, is told', () => {
  const classes = JSON.stringify({
    items: [
      { metadata: { name: 'slow' } },
      { metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } },
    ],
  })
  expect(storageChecks(classes, '')[0]?.detail).toBe('fast')
  expect(storageChecks(classes, 'slow')[0]?.state).toBe('ok')
  expect(storageChecks(classes, 'none')[0]?.state).toBe('problem')
  expect(storageChecks('{"items":[{"metadata":{"name":"slow"}}]}', '')[0]?.detail).toContain('slow')
})

test('a policy of others that opens the pods of a whole namespace is told, since policies add up', () => {
  const policy = (spec: object, labels = {}) =>
    states(policyChecks(JSON.stringify({ items: [{ metadata: { name: 'other', labels }, spec }] }), 'paude'))
  expect(policy({ podSelector: {}, egress: [{}] })).toEqual(['problem'])
  expect(policy({ podSelector: {}, ingress: [{}] })).toEqual(['problem'])
  expect(policy({ egress: [{}] })).toEqual(['problem'])
  expect(policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, egress: [{}] })).toEqual([
    'problem',
  ])
  expect(policy({ podSelector: { matchLabels: { app: 'web' } }, egress: [{}] })).toEqual(['ok'])
  // It allows nothing.
  expect(policy({ podSelector: {}, policyTypes: ['Egress', 'Ingress'] })).toEqual(['ok'])
  expect(policy({ podSelector: {}, egress: [{}] }, { 'paude.role': 'wall' })).toEqual(['ok'])
})

test('a namespace that does not admit restricted pods alone is told', () => {
  const level = (labels: object) => states(namespaceChecks(JSON.stringify({ metadata: { name: 'paude', labels } })))
  expect(level({ 'pod-security.kubernetes.io/enforce': 'restricted' })).toEqual(['ok'])
  expect(level({ 'pod-security.kubernetes.io/enforce': 'privileged' })).toEqual(['warning'])
  expect(level({})).toEqual(['warning'])
})

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-kubeconfig-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a kubeconfig in the project is refused, also behind a link, and its context is read wherever else it is', () => {
  const [home, project] = [join(folder, 'home'), join(folder, 'project')]
  for (const made of [join(home, '.kube'), join(project, '.git')]) mkdirSync(made, { recursive: true })
  writeFileSync(join(project, 'config'), '')
  symlinkSync(join(project, 'config'), join(home, '.kube/linked'))
  const before = process.cwd()
  process.chdir(project)
  try {
    const found = (KUBECONFIG: string | undefined) => {
      const host = { home, env: { HOME: home, KUBECONFIG } }
      requireOwnFiles('kubectl', host)
      return clientFiles('kubectl', host)
    }
    // The other clients read no such file.
    requireOwnFiles('docker', { home, env: { HOME: home, KUBECONFIG: join(project, 'config') } })
    expect(found(undefined)).toEqual([join(home, '.kube/config')])
    expect(found(`/etc/one:${home}/two:`)).toEqual(['/etc/one', `${home}/two`])
    expect(() => found(join(project, 'config'))).toThrow(/is in the project/)
    expect(() => found(`/etc/one:${join(home, '.kube/linked')}`)).toThrow(/is in the project/)
    expect(() => found('config')).toThrow(/depends on the folder/)
    for (const text of [
      'current-context: one\n',
      '{\n  "current-context": "one",\n  "kind": "Config"\n}',
      "current-context: 'one' # mine\n",
    ]) {
      writeFileSync(join(home, 'two'), text)
      const host = { ...readHost(), home, env: { HOME: home, KUBECONFIG: `${home}/none:${home}/two` } }
      expect(currentContext(host), text).toBe('one')
    }
    // The kernel goes up from where a link leads.
    mkdirSync(join(project, 'sub'))
    symlinkSync(join(project, 'sub'), join(home, 'link'))
    for (const other of [join(home, 'config'), join(home, 'kuberc')]) writeFileSync(other, '')
    expect(() => found(`${home}/link/../config`)).toThrow(/is in the project/)
    const preferring = (KUBERC: string) => requireOwnFiles('kubectl', { home, env: { HOME: home, KUBERC } })
    for (const mine of ['', 'off', join(home, 'kuberc')]) preferring(mine)
    expect(() => preferring(join(project, 'config'))).toThrow(/would obey .* is in the project/)
    expect(() => preferring(`${home}/link/../config`)).toThrow(/is in the project/)
    expect(() => preferring('kuberc')).toThrow(/KUBERC names "kuberc", which depends on the folder/)
    symlinkSync(join(project, 'config'), join(home, '.kube/kuberc'))
    expect(() => preferring('')).toThrow(/is in the project/)
    symlinkSync(join(project, 'config'), join(home, '.kube/config'))
    expect(() => found(undefined)).toThrow(/is in the project/)
  } finally {
    process.chdir(before)
  }
})

test('a client whose file is in the project is not started to be looked at, and the reason is told', async () => {
  const [home, project, bin] = [join(folder, 'home2'), join(folder, 'project2'), join(folder, 'bin')]
  for (const made of [home, join(project, '.git'), bin]) mkdirSync(made, { recursive: true })
  writeFileSync(join(bin, 'kubectl'), `#!/bin/sh\necho asked > ${folder}/asked\n`, { mode: 0o755 })
  writeFileSync(join(project, 'config'), '')
  const before = process.cwd()
  process.chdir(project)
  try {
    const env = { HOME: home, PATH: bin, KUBECONFIG: join(project, 'config') }
    const wanted = { ...usualSettings, backend: 'kubernetes' as const }
    const states = await askEngines({ ...readHost(), home, env, cwd: project }, wanted)
    const found = states.find(({ name }) => name === 'kubernetes')
    expect(found?.state).toBe('not running')
    expect(found?.why).toContain('is in the project: an agent may have written it')
    expect(existsSync(join(folder, 'asked'))).toBe(false)
  } finally {
    process.chdir(before)
  }
})
