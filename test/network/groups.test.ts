import { describe, expect, test } from 'bun:test'
import { PaudeError } from '../../src/errors.ts'
import { findGroup, groups, parseDenyEntry, parseEntry } from '../../src/network/groups.ts'
import { mergeAllows, parseAllow } from '../../src/network/pattern.ts'

describe.each(groups.map((group) => [group.name, group] as const))('@%s', (_, { hosts, what }) => {
  test('every host can be allowed and says what for', () => {
    expect(what).not.toBe('')
    for (const { host, why } of hosts) {
      expect(parseAllow(host, why).host).toBe(host)
      expect(why).not.toBe('')
    }
  })

  test('no host is named twice, or covered by another', () =>
    expect(mergeAllows(hosts.map(({ host, why }) => parseAllow(host, why)))).toHaveLength(hosts.length))

  test('no wildcard stands for a whole provider of storage or of names', () => {
    for (const { host } of hosts)
      expect(host).not.toMatch(
        /^\*\.(amazonaws\.com|googleapis\.com|azure\.com|windows\.net|cloudfront\.net|cloudflarestorage\.com|github\.io)$/,
      )
  })
})

test('an entry may name a group, and each host says which and why', () => {
  const [first] = parseEntry('@github', 'asked for by --network-allow')
  expect(first).toMatchObject({ host: 'github.com', ports: [443], why: '@github: git and pages, asked for by --network-allow' })
  expect(parseEntry('a.example', 'x').map(({ host }) => host)).toEqual(['a.example'])
})

test('a group can be denied, at every port', () =>
  expect(parseDenyEntry('@gitlab', 'x')[0]).toEqual({ host: 'gitlab.com', ports: [], why: '@gitlab, x' }))

test('a group that is not there is an error that says how to find the others', () => {
  expect(() => findGroup('@githup')).toThrow(PaudeError)
  expect(() => findGroup('githup')).toThrow('there is no group "@githup"')
})
