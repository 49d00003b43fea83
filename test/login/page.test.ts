import { describe, expect, test } from 'bun:test'
import type { TokenLogin } from '../../src/agents/agent.ts'
import { claude } from '../../src/agents/claude/claude.ts'
import { isCode, loginAddress, loginToken, refusedBecause } from '../../src/login/page.ts'
import recorded from '../fixtures/claude/setup-token.json'

// What Claude Code 2.1.329 printed on a terminal of 1000 columns, at a scripted authorization server.
const taken = Bun.stripANSI(recorded.taken)
const refused = Bun.stripANSI(recorded.refused)
const login = claude.tokenLogin as TokenLogin

const BACK = 'redirect_uri=https%3A%2F%2Fplatform.claude.com%2Foauth%2Fcode%2Fcallback'
const GOOD = `https://claude.com/cai/oauth/authorize?code=true&${BACK}&state=x`

describe('what the real program prints', () => {
  test('has its address, whole', () => {
    expect(loginAddress(taken, login)).toMatch(
      /^https:\/\/claude\.com\/cai\/oauth\/authorize\?code=true&client_id=.+&code_challenge=[\w-]{43}&.+&state=[\w-]{43}$/,
    )
  })

  test('has no address as long as its line has not ended', () => {
    const at = taken.indexOf('https://')
    const cuts = Array.from({ length: 300 }, (_, length) => loginAddress(taken.slice(0, at + length), login))
    expect(new Set(cuts)).toEqual(new Set([null]))
  })

  test('has its token where the code was taken, and a reason where it was not', () => {
    expect(loginToken(taken, login)).toMatch(/^sk-ant-oat01-[\w-]{92}$/)
    expect(refusedBecause(taken, login)).toBeNull()
    expect(loginToken(refused, login)).toBeNull()
    expect(refusedBecause(refused, login)).toStartWith("That code wasn't accepted.")
  })
})

describe('an address of a hostile sandbox', () => {
  test('is taken when it is the one of the login page', () => {
    expect(loginAddress(`${GOOD}\r\n`, login)).toBe(GOOD)
  })

  test.each([
    ['another host', GOOD.replace('claude.com/', 'claude.com.evil.example/')],
    ['a host that looks alike', GOOD.replace('claude.com/', 'сlaude.com/')],
    ['a name before the host', GOOD.replace('https://claude.com', 'https://claude.com@evil.example')],
    ['a name on the right host', GOOD.replace('https://', 'https://me:pw@')],
    ['no TLS', GOOD.replace('https:', 'http:')],
    ['another scheme', GOOD.replace('https:', 'javascript:')],
    ['a file', 'file:///etc/passwd'],
    ['another port', GOOD.replace('claude.com/', 'claude.com:8443/')],
    ['another path', GOOD.replace('/cai/oauth/authorize', '/share/evil')],
    ['a way out of the path', GOOD.replace('/cai/oauth/authorize', '/cai/oauth/authorize/../../share')],
    ['a way back to another host', GOOD.replace('platform.claude.com', 'evil.example')],
    ['no way back', GOOD.replace(BACK, 'x=y')],
    ['a second way back', `${GOOD}&redirect_uri=https%3A%2F%2Fevil.example`],
    ['a second way back that is spelled otherwise', `${GOOD}&redirect%5Furi=https%3A%2F%2Fevil.example`],
    ['a fragment', `${GOOD}#x`],
    ['a space', GOOD.replace('state', 'st ate')],
    ['an escape', GOOD.replace('state', '\u001b]0;x\u0007state')],
    ['an option for the browser', `--new-window ${GOOD}`],
    ['text before it', `see ${GOOD}`],
    ['more than an address has', `${GOOD}&x=${'y'.repeat(3000)}`],
  ])('is neither shown nor opened with %s', (_, line) => {
    expect(loginAddress(`${line}\r\n`, login)).toBeNull()
  })
})

test('two tokens are none, since one of them is not the real one', () => {
  const token = `sk-ant-oat01-${'a'.repeat(90)}`
  expect(loginToken(`\r\n${token}\r\n ${token}\r\n`, login)).toBe(token)
  expect(loginToken(`\r\n${token}\r\n${token}b\r\n`, login)).toBeNull()
  expect(loginToken(`\r\nexport A=${token}\r\n`, login)).toBeNull()
})

test('a code is whole, and holds no key and no line break', () => {
  const taken = (code: string) => isCode(code, login)
  expect(['abcd#efgh', 'a1-_~.%23#x'].map(taken)).toEqual([true, true])
  expect(
    [
      '',
      'abc',
      'abcd',
      'abcd#',
      '#abcd',
      'a#b#c',
      'a b#c d',
      'ab#cd\r',
      '\u001b[A#abc',
      'abc\u0003#d',
      "a'b'#cd",
      `${'x'.repeat(3000)}#x`,
    ].map(taken),
  ).not.toContain(true)
})
