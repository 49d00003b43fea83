import { describe, expect, test } from 'bun:test'
import { desktopArgv, messageOf, plain, terminalBytes } from '../../src/sinks/notify/message.ts'

const HOSTILE = `a\u001b]0;owned\u0007\n\u009b31m<b onclick="x">&amp;\u202egpj.exe\u0000;$(touch x)'" -- \u200b\ud800 ${'long '.repeat(1000)}`
const session = { id: 'paude-bcd234', name: '', workspace: '/work' }
const message = (text: string) => messageOf({ session, state: 'waiting', text }, 0)
// biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u

test('a message is one bounded line of what can be seen, whatever the agent said', () => {
  const { title, body } = message(HOSTILE)
  expect(title).toBe('paude: paude-bcd234 needs you')
  expect(body).toStartWith(`a ]0;owned 31m<b onclick="x">&amp;gpj.exe ;$(touch x)'" -- `)
  expect([...body].length).toBe(300)
  expect(body).not.toMatch(UNSEEN)
  expect(plain('😀'.repeat(10), 4)).toBe('😀😀😀…')
  expect(plain(' \u2028 ', 9)).toBe('')
})

describe('on a terminal', () => {
  test('its fields cannot be left', () => {
    const { title, body } = message(HOSTILE)
    for (const way of ['osc9', 'osc777'] as const) {
      const bytes = terminalBytes({ ...message(''), title, body }, way)
      expect(bytes.slice(1, -1)).not.toMatch(UNSEEN)
      expect(bytes.split(';').length).toBe(way === 'osc9' ? 2 : 4)
    }
  })

  test('it is written as terminals know it', () => {
    expect(terminalBytes(message('Run it?'), 'osc9')).toBe('\u001b]9;paude: paude-bcd234 needs you: Run it?\u0007')
    expect(terminalBytes(message('Run it?'), 'osc777')).toBe('\u001b]777;notify;paude: paude-bcd234 needs you;Run it?\u0007')
    expect(terminalBytes(message('Run it?'), 'bell')).toBe('\u0007')
  })
})

describe('on a desktop', () => {
  test('notify-send gets no markup and no option of the agent', () => {
    const argv = desktopArgv(message('--icon=/etc <img src=x> & co'), 'linux') ?? []
    expect(argv.slice(0, 3)).toEqual(['notify-send', '--app-name=paude', '--'])
    expect(argv.at(-1)).toBe('--icon=/etc &lt;img src=x&gt; &amp; co')
  })

  test('osascript gets the words beside its script', () => {
    const argv = desktopArgv(message('" & do shell script "id'), 'darwin') ?? []
    const scripts = argv.flatMap((word, index) => (argv[index - 1] === '-e' ? [word] : []))
    expect(scripts.join('\n')).not.toContain('shell')
    expect(argv.at(-1)).toBe('" & do shell script "id')
    expect(argv.at(-2)).toStartWith('paude: ') // so it is taken for no option
  })

  test('others show none', () => expect(desktopArgv(message(''), 'win32')).toBeNull())
})
