import { describe, expect, test } from 'bun:test'
import { PaudeError } from '../../src/errors.ts'
import { findGroup, groups, parseDenyEntry, parseEntry } from '../../src/network/groups.ts'
import { matches, mergeAllows, parseAllow } from '../../src/network/pattern.ts'

describe.each(groups().map((group) => [group.name, group] as const))('@%s', (_, { hosts, what }) => {
  test('every host can be allowed and says what for', () => {
    expect(what).not.toBe('')
    for (const { host, why } of hosts) {
      expect(parseAllow(host, why).host).toBe(host)
      expect(why).not.toBe('')
    }
  })

  test('no host is named twice, or covered by another', () =>
    expect(mergeAllows(hosts.map(({ host, why }) => parseAllow(host, why)))).toHaveLength(hosts.length))

  test('no wildcard stands for a domain where anybody gets a name of their own', () => {
    for (const { host } of hosts.filter((one) => one.host.startsWith('*.')))
      for (const shared of SHARED) {
        expect(host).not.toEndWith(`.${shared}`)
        expect(matches(host, shared)).toBeFalse()
      }
  })
})

/** Domains below which anybody may have a host, a bucket or a page. */
const SHARED = [
  ...[
    'amazonaws.com',
    'cloudfront.net',
    'googleapis.com',
    'appspot.com',
    'web.app',
    'run.app',
    'windows.net',
    'azurewebsites.net',
  ],
  ...['cloudapp.azure.com', 'azureedge.net', 'azurefd.net', 'visualstudio.com', 'cloudflarestorage.com', 'r2.dev', 'workers.dev'],
  ...['pages.dev', 'github.io', 'gitlab.io', 'hf.space', 'vercel.app', 'netlify.app', 'herokuapp.com', 'fly.dev', 'fastly.net'],
]

test.each([
  ['github', ['github.com', 'api.github.com', 'uploads.github.com', 'github-cloud.s3.amazonaws.com']],
  ['gitlab', ['gitlab.com', 'registry.gitlab.com']],
  ['huggingface', ['huggingface.co']],
  ['anthropic', ['api.anthropic.com']],
  ['openai', ['api.openai.com']],
  ['google-ai', ['generativelanguage.googleapis.com']],
  ['azure-openai', ['*.openai.azure.com', '*.services.ai.azure.com']],
  ['go-storage', ['storage.googleapis.com']],
])('@%s says of a host that takes in data from anybody that it is a way out', (name, open) => {
  const why = new Map(findGroup(name).hosts.map((one) => [one.host, one.why]))
  for (const host of open) expect(why.get(host)).toContain('a way out')
})

test.each([
  ['debian', 'salsa.debian.org'],
  ['ubuntu', 'paste.ubuntu.com'],
  ['alpine', 'gitlab.alpinelinux.org'],
  ['go', 'play.golang.org'],
  ['rust', 'play.rust-lang.org'],
  ['maven', 'discuss.gradle.org'],
  ['docker-hub', 'hub.docker.com'],
  ['huggingface', 'discuss.huggingface.co'],
  ['google-ai', 'accounts.google.com'],
])('@%s keeps %s out, which the tool does not need', (name, host) => {
  expect(findGroup(name).hosts.filter((one) => matches(one.host, host))).toEqual([])
})

test.each([
  ['anthropic', 'downloads.claude.ai'],
  ['vertex', 'aiplatform.eu.rep.googleapis.com'],
  ['vertex', 'europe-west9-aiplatform.googleapis.com'],
  ['bedrock', 'bedrock-runtime.eu-south-1.amazonaws.com'],
  ['github', 'lfs.github.com'],
  ['gitlab', 'registry.gitlab.com'],
  ['rust', 'sh.rustup.rs'],
])('@%s lets %s in, which its documents name', (name, host) => {
  expect(findGroup(name).hosts.filter((one) => matches(one.host, host))).toHaveLength(1)
})

test('a reason is one reason, which a merge does not take apart', () => {
  for (const { host, why } of groups().flatMap((group) => group.hosts))
    expect([host, why]).toEqual([host, why.split('; ')[0] ?? ''])
})

test('an entry may name a group, and each host says which and why', () => {
  const [first] = parseEntry('@github', 'requested by --network-allow')
  expect(first).toMatchObject({
    host: 'github.com',
    ports: [443],
    why: expect.stringMatching(/^@github: git and pages .*, requested by --network-allow$/),
  })
  expect(parseEntry('a.example', 'x').map(({ host }) => host)).toEqual(['a.example'])
})

test('a group can be denied, at every port', () =>
  expect(parseDenyEntry('@gitlab', 'x')[0]).toEqual({ host: 'gitlab.com', ports: [], why: '@gitlab, x' }))

test('a group that is not there is an error that says how to find the others', () => {
  expect(() => findGroup('@githup')).toThrow(PaudeError)
  expect(() => findGroup('githup')).toThrow('there is no group "@githup"')
  expect(hintOf(() => findGroup('@git'))).toEndWith('; did you mean @github?')
  expect(hintOf(() => findGroup('@zz'))).toBe('list them: paude network groups')
})

function hintOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof PaudeError) return error.hint
  }
  return ''
}
