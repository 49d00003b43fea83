import { describe, expect, test } from 'bun:test'
import { parseConfig } from '../../src/config/files/parse.ts'
import { PaudeError } from '../../src/errors.ts'

const notify = (text: string) =>
  parseConfig({ layer: 'user', file: '/c.toml', text: `[notify]\n${text}` }).sources[0]?.values.notify

test('every key of [notify] is read', () => {
  expect(
    notify(
      'on = ["idle"]\nevery = 5\nactive = 0\ndesktop = true\nterminal = "bell"\ncommand = ["say", "it"]\n[notify.webhook]\nurl = "https://example.org/h"\ntoken = "env:TOKEN"\ntimeout = 2.5',
    ),
  ).toEqual({
    on: ['idle'],
    every: 5,
    active: 0,
    desktop: true,
    terminal: ['bell'],
    command: ['say', 'it'],
    webhook: { url: 'https://example.org/h', token: 'env:TOKEN', timeout: 2.5 },
  })
  expect(notify('terminal = ["osc9", "bell"]')).toMatchObject({
    on: ['waiting', 'done', 'error', 'finding'],
    every: 10,
    terminal: ['osc9', 'bell'],
    webhook: null,
  })
})

describe('a mistake in [notify] is named with its line', () => {
  test.each([
    ['on = ["wating"]', '/c.toml', 'notify.on.0 must be'],
    ['desktp = true', '/c.toml:2', 'unknown key notify.desktp'],
    ['every = -1', '/c.toml:2', 'notify.every must be a number of seconds from 0 to 86400'],
    ['terminal = "beep"', '/c.toml:2', 'notify.terminal.0 must be one of osc9, osc777, bell, found "beep"'],
    ['command = ["./say"]', '/c.toml:2', 'notify.command must begin with a program: a name in PATH, or a path from the root'],
    ['command = []', '/c.toml:2', 'notify.command must begin with a program'],
    ['[notify.webhook]\nurl = "example.org"', '/c.toml:3', 'notify.webhook.url must be a web address'],
    ['[notify.webhook]\nurl = "https://me:secret@example.org"', '/c.toml:3', 'notify.webhook.url must not hold a password'],
    [
      '[notify.webhook]\nurl = "https://e.org"\ntoken = "s3cret"',
      '/c.toml:4',
      'must say where the token is: "env:NAME" or "file:/path"',
    ],
    ['[notify.webhook]\nurl = "http://e.org"\ntoken = "env:T"', '/c.toml:2', 'notify.webhook must have an https address'],
    ['[notify.webhook]\ntimeout = 1', '/c.toml', 'notify.webhook.url is missing'],
  ])('%s', (text, place, words) => {
    let message = 'was accepted'
    try {
      notify(text)
    } catch (error) {
      message = error instanceof PaudeError && error.code === 'config' ? error.message : String(error)
    }
    expect(message).toStartWith(place)
    expect(message).toContain(words)
    expect(message).not.toContain('s3cret')
  })
})

test('this machine itself may be told a token without encryption', () => {
  expect(notify('[notify.webhook]\nurl = "http://127.0.0.1:8080/h"\ntoken = "env:T"')?.webhook?.token).toBe('env:T')
})
