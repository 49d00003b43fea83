import { describe, expect, test } from 'bun:test'
import { Terminal } from '@xterm/headless'
import fc from 'fast-check'
import { judge } from '../../src/hold/filter.ts'
import { makeScreen } from '../../src/hold/screen.ts'
import { makeTokenizer } from '../../src/hold/tokens.ts'

const NAME = 'paude test'
const SIZE = { columns: 40, rows: 12 }

/** Pieces an agent may print: good, bad and cut short. */
const piece = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('\r\n', '\n', '\t', '\b', '\x07', '\0', '\x05', '\x1b', '\x1b[', '\x1b]', '\x9b', '\x9d', '\x18'),
  fc
    .tuple(
      fc.constantFrom('', '?', '>', '<', '='),
      fc.array(fc.nat(2100), { maxLength: 3 }),
      fc.constantFrom('', ' ', '!', '$', '"'),
    )
    .chain(([mark, numbers, between]) =>
      fc
        .integer({ min: 0x40, max: 0x7e })
        .map((final) => `\x1b[${mark}${numbers.join(';')}${between}${String.fromCharCode(final)}`),
    ),
  fc
    .tuple(fc.nat(10_000), fc.string({ maxLength: 30 }), fc.constantFrom('\x07', '\x1b\\', '\x9c', ''))
    .map(([number, body, end]) => `\x1b]${number};${body}${end}`),
  fc.tuple(fc.constantFrom('P', '_', '^', 'X'), fc.string({ maxLength: 30 })).map(([mark, body]) => `\x1b${mark}${body}\x1b\\`),
  fc.constantFrom('\x1b7', '\x1b8', '\x1bM', '\x1bc', '\x1b(0', '\x1b(B', '\x1bZ', '\x1b#8', '\x1b=', '\x1bN'),
)
const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))

const forClients = (text: string): string =>
  makeTokenizer()(text)
    .map((token) => judge(token, { name: NAME, ...SIZE }).clients)
    .join('')

describe('the tokenizer', () => {
  test('gives the same wherever the stream is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 6 }), (text, cuts) => {
        // Never inside a character: the decoder before it sees to that.
        const letters = [...text]
        const places = [0, ...cuts.map((cut) => cut % (letters.length + 1)).toSorted((a, b) => a - b), letters.length]
        const tokenize = makeTokenizer()
        const cut = places.slice(1).flatMap((end, index) => tokenize(letters.slice(places[index], end).join('')))
        const join = (tokens: readonly { readonly kind: string }[]) =>
          JSON.stringify(tokens).replaceAll('"},{"kind":"text","text":"', '')
        expect(join(cut)).toBe(join(makeTokenizer()(text)))
      }),
    )
  })

  test('keeps nothing of a string that is too long, and goes on after its end', () => {
    const tokenize = makeTokenizer()
    for (let megabyte = 0; megabyte < 10; megabyte++)
      expect(tokenize(`${megabyte === 0 ? '\x1b]2;' : ''}${'x'.repeat(1_000_000)}`)).toEqual([])
    expect(tokenize('\x07after')).toEqual([{ kind: 'text', text: 'after' }])
  })

  test('does not wait for ever for the end of a sequence', () =>
    expect(makeTokenizer()(`\x1b[${'1;'.repeat(5000)}`).length + makeTokenizer()('\x1b\x1b[31mred').length).toBeGreaterThan(1))
})

/** Everything that a client may be sent, and nothing more. */
const ALLOWED = new RegExp(
  `^(?:${[
    '[^\\x00-\\x06\\x0e-\\x1f\\x7f-\\x9f]',
    '\\x1b\\[[0-9:;]*[A-MPSTXZ@\\x60abdefgmrhl]',
    '\\x1b\\[[su]',
    '\\x1b\\[[0-9:;]* q',
    '\\x1b\\[[0-9:;]*!p',
    '\\x1b\\[\\?[0-9]+[hl]',
    '\\x1b\\[\\?[0-9:;]*[JK]',
    '\\x1b\\[[<>=][0-9:;]*u',
    '\\x1b\\[>4[0-9:;]*m',
    '\\x1b[78DEHM=>]',
    '\\x1b[()*+][0-9A-Za-z]',
    '\\x1b#8',
    '\\x1b\\]2;[^\\x00-\\x1f\\x7f-\\x9f]*\\x07',
    '\\x1b\\]8;;(?:https?://[!-~]*)?\\x1b\\\\',
  ].join('|')})*$`,
  'u',
)

describe('what reaches the terminal of a person', () => {
  test('is painting and nothing else, whatever was printed', () => {
    fc.assert(
      fc.property(stream, (text) => expect(ALLOWED.test(forClients(text))).toBe(true)),
      { numRuns: 500 },
    )
  })

  test.each([
    ['writes the clipboard', '\x1b]52;c;aGk=\x07'],
    ['notifies', '\x1b]9;click me\x07'],
    ['notifies', '\x1b]777;notify;a;b\x1b\\'],
    ['recolours the terminal', '\x1b]4;1;#000000\x07\x1b]11;#ff0000\x07'],
    ['asks the terminal', '\x1b[c\x1b[>c\x1b[6n\x1b[>q\x1b[?u\x1b[18t\x1b]10;?\x07\x1b[?1$p\x05'],
    ['moves the window', '\x1b[3;0;0t\x1b[8;1;1t'],
    ['runs a device string', '\x1bP+q544e\x1b\\\x1b_Gf=24;AAAA\x1b\\'],
    ['erases the scrollback', '\x1b[3J'],
    ['names the folder', '\x1b]7;file://evil/\x07'],
    ['reprograms keys', '\x1bP1;1|17/00\x1b\\\x1b]1337;File=:AAAA\x07'],
    ['uses 8-bit controls', '\x9b31m\x9d52;c;aGk=\x9c'],
  ])('is not what %s: %j', (_, text) => expect(forClients(text).replace(/[^\x1b\x07]/g, '')).toBe(''))

  test('a title bears no control characters and no end of its own, and only the holder shows it', () => {
    const titled = (text: string) => {
      const screen = makeScreen({ size: SIZE, scrollback: 10, name: NAME, reply: () => undefined })
      expect(screen.write(text).clients).not.toContain('\x1b]')
      return screen.title()
    }
    expect(titled('\x1b]0;a\u202eb\u200bc\x07')).toBe('abc')
    expect(titled(`\x1b]2;${'x'.repeat(5000)}\x07`)).toBe('x'.repeat(200))
    expect(titled('\x1b]2;safe\x1b[31m\x07')).toBe('')
  })

  test('a link leads to the web or nowhere', () => {
    expect(forClients('\x1b]8;;https://example.org/a\x1b\\x\x1b]8;;\x1b\\')).toBe(
      '\x1b]8;;https://example.org/a\x1b\\x\x1b]8;;\x1b\\',
    )
    expect(forClients('\x1b]8;;javascript:alert(1)\x07x')).toBe('\x1b]8;;\x1b\\x')
  })

  test('a full reset leaves the scrollback alone', () => expect(forClients('\x1bc')).not.toContain('\x1bc'))
})

describe('the agent is answered', () => {
  const answers = (text: string): string => {
    const all: string[] = []
    const screen = makeScreen({ size: SIZE, scrollback: 10, name: NAME, reply: (reply) => void all.push(reply) })
    screen.write(text)
    return all.join('')
  }
  test.each([
    ['primary attributes', '\x1b[c', /^\x1b\[\?[\d;]+c$/],
    ['cursor position', 'ab\x1b[6n', /^\x1b\[1;3R$/],
    ['terminal name', '\x1b[>0q', /^\x1bP>\|paude test\x1b\\$/],
    ['kitty keyboard', '\x1b[?u', /^\x1b\[\?0u$/],
    ['foreground', '\x1b]10;?\x07', /^\x1b\]10;rgb:/],
    ['background', '\x1b]11;?\x1b\\', /^\x1b\]11;rgb:/],
    ['status protocol', '\x1b]7501;?\x1b\\', /^\x1b\]7501;\?\x1b\\$/],
    ['a mode', '\x1b[?2026$p', /^\x1b\[\?2026;\d\$y$/],
  ])('%s', (_, query, answer) => expect(answers(query)).toMatch(answer))
})

/** What a terminal shows. */
function shown(terminal: Terminal) {
  const buffer = terminal.buffer.active
  return {
    type: buffer.type,
    cursor: [buffer.cursorX, buffer.cursorY],
    lines: Array.from({ length: terminal.rows }, (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? ''),
  }
}
const written = (terminal: Terminal, text: string) => new Promise<void>((done) => terminal.write(text, done))
const newTerminal = () => new Terminal({ cols: SIZE.columns, rows: SIZE.rows, scrollback: 100, allowProposedApi: true })

describe('numbers and piles that cost more than they show', () => {
  test.each([
    ['\x1b[2147483647S', '\x1b[12S'],
    ['\x1b[99999L', '\x1b[12L'],
    ['x\x1b[2147483647b', 'x\x1b[40b'],
    ['\x1b[2147483647;5H', '\x1b[1000;5H'],
    ['\x1b[1:2A', ''],
  ])('%j becomes %j', (text, rest) => expect(forClients(text)).toBe(rest))

  test.each([
    '\x1b[3J',
    '\x1b[03J',
    '\x1b[3;J',
    '\x1b[?3J',
    '\x1b[1;3J',
    '\x1b[2h',
    '\x1b[12l',
    '\x1b[20h',
    '\x1b[3g',
    '\x1b[4;20h',
  ])('%j reaches nobody', (text) => expect(forClients(text)).toBe(''))
  test.each(['\x1b[J', '\x1b[2J', '\x1b[1K', '\x1b[?2J', '\x1b[4h', '\x1b[4l'])('%j does', (text) =>
    expect(forClients(text)).toBe(text),
  )

  test('a flood of the largest of them is over at once, and the screen goes on', () => {
    const screen = makeScreen({ size: SIZE, scrollback: 100, name: NAME, reply: () => undefined })
    for (const final of 'ABCDEFGHILMPSTXZ@`abdefr') screen.write(`a\x1b[2147483647${final}`.repeat(200))
    screen.write('\x1b[r\x1b[H\x1b[2Jstill here')
    expect(screen.picture({ format: 'text', scrollback: 0 })).toBe('still here')
  })

  test('marks piled upon one character are left out after some, in one piece, in many, and with the cursor moved between', () => {
    const longest = (chunks: readonly string[]) => {
      const screen = makeScreen({ size: SIZE, scrollback: 100, name: NAME, reply: () => undefined })
      let clients = ''
      for (const chunk of chunks) clients += screen.write(chunk).clients
      return { kept: screen.picture({ format: 'text', scrollback: 0 }).length, sent: clients.length }
    }
    expect(longest([`e${'\u0301'.repeat(100_000)}`])).toEqual({ kept: 17, sent: 17 })
    expect(longest(['e', ...Array.from({ length: 1000 }, () => '\u0301')])).toEqual({ kept: 17, sent: 17 })
    expect(longest(Array.from({ length: 500 }, () => `\x1b[2;2Hx\x1b[1;2H${'\u0301'.repeat(16)}`)).kept).toBeLessThan(200)
    expect(longest(['e\u0301 नमस्ते 👩‍👩‍👧'])).toEqual({ kept: 'e\u0301 नमस्ते 👩‍👩‍👧'.length, sent: 'e\u0301 नमस्ते 👩‍👩‍👧'.length })
  })
})

describe('a snapshot', () => {
  const visible = fc
    .array(
      fc.oneof(
        fc.stringMatching(/^[a-z ]{1,30}$/),
        fc.constantFrom(
          '漢字',
          '🐈',
          '\r\n',
          '\x1b[H',
          '\x1b[2J',
          '\x1b[K',
          '\x1b[1;31m',
          '\x1b[0m',
          '\x1b[5;9H',
          '\x1b[?1049h',
          '\x1b[?1049l',
        ),
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join(''))

  test('shows in a fresh terminal what the agent painted', async () => {
    await fc.assert(
      fc.asyncProperty(visible, fc.boolean(), async (text, first) => {
        fc.pre(text !== '')
        const screen = makeScreen({ size: SIZE, scrollback: 100, name: NAME, reply: () => undefined })
        const { clients } = screen.write(text)
        const [live, late] = [newTerminal(), newTerminal()]
        await written(live, clients)
        await written(late, `$ paude attach\r\n${screen.snapshot(first)}`)
        const [a, b] = [shown(live), shown(late)]
        // A cursor behind the last column stands on it elsewhere until the next character.
        expect({ ...b, cursor: [Math.min(b.cursor[0] ?? 0, SIZE.columns - 1), b.cursor[1]] }).toEqual({
          ...a,
          cursor: [Math.min(a.cursor[0] ?? 0, SIZE.columns - 1), a.cursor[1]],
        })
      }),
      { numRuns: 150 },
    )
  })

  test('brings modes and scrollback along', async () => {
    const screen = makeScreen({ size: SIZE, scrollback: 100, name: NAME, reply: () => undefined })
    screen.write(Array.from({ length: 30 }, (_, line) => `line ${line}\r\n`).join(''))
    screen.write('\x1b[?2004h\x1b[?1004h\x1b[?1000h\x1b[?1006h\x1b[?25l\x1b[>1u\x1b[>4;2m')
    const snapshot = screen.snapshot(true)
    for (const mode of ['\x1b[?2004h', '\x1b[?1004h', '\x1b[?1000h', '\x1b[?1006h', '\x1b[?25l', '\x1b[>1u', '\x1b[>4;2m'])
      expect(snapshot).toContain(mode)
    const late = newTerminal()
    await written(late, snapshot)
    const all = Array.from({ length: late.buffer.active.length }, (_, row) =>
      late.buffer.active.getLine(row)?.translateToString(true),
    )
    expect(all).toContain('line 0')
    expect(all.indexOf('line 29') - all.indexOf('line 0')).toBe(29)
  })

  test.each([0, 1, 5, 11, 12, 13, 23, 24, 60])(
    'brings %d lines that left the screen, and wrapped ones wrapped',
    async (count) => {
      const screen = makeScreen({ size: SIZE, scrollback: 100, name: NAME, reply: () => undefined })
      const live = newTerminal()
      const line = (index: number) => `\x1b[${30 + (index % 8)}mline\x1b[0m ${index} ${'漢字 wide '.repeat(index % 7)}  `
      const lines = Array.from({ length: count }, (_, index) => `${line(index)}\r\n`).join('')
      // What stands on the screen is erased but for a line, so that its rest is empty.
      const text = `${lines}${'\r\n'.repeat(SIZE.rows)}\x1b[H\x1b[Jprompt> `
      screen.write(text)
      await written(live, text)
      const late = newTerminal()
      await written(late, screen.snapshot(true))
      const [a, b] = [live, late].map(({ buffer: { active } }) =>
        Array.from({ length: active.length }, (_, row) => {
          const one = active.getLine(row)
          return `${one?.isWrapped ? '… ' : ''}${one?.translateToString(true).trimEnd()} ${one?.getCell(0)?.getFgColor()}`
        }),
      )
      expect(a?.length).toBeGreaterThan(SIZE.rows)
      expect(b?.slice(-(a?.length ?? 0))).toEqual(a ?? [])
    },
  )

  test('for a smaller terminal shows the part around the cursor, and halves no wide character', async () => {
    const screen = makeScreen({ size: SIZE, scrollback: 10, name: NAME, reply: () => undefined })
    screen.write(`${Array.from({ length: 11 }, (_, line) => `${line} 漢字漢字漢字`).join('\r\n')}\r\nprompt> `)
    const small = new Terminal({ cols: 7, rows: 4, allowProposedApi: true })
    await written(small, screen.view({ columns: 7, rows: 4 }))
    expect(shown(small)).toEqual({
      type: 'normal',
      cursor: [6, 3],
      lines: ['8 漢字', '9 漢字', '10 漢字', 'prompt>'],
    })
  })
})

describe('a picture', () => {
  const screen = makeScreen({ size: SIZE, scrollback: 100, name: NAME, reply: () => undefined })
  screen.write(`${Array.from({ length: 20 }, (_, line) => `line ${line}`).join('\r\n')}\r\n\x1b[1;31m<b>&"red"\x1b[0m plain`)

  test('as text is what a reader sees', () => {
    expect(screen.picture({ format: 'text', scrollback: 0 }).split('\n')).toEqual([
      ...Array.from({ length: 11 }, (_, line) => `line ${line + 9}`),
      '<b>&"red" plain',
    ])
    expect(screen.picture({ format: 'text', scrollback: 2 })).toStartWith('line 7\n')
    expect(screen.picture({ format: 'text', scrollback: 5000 })).toStartWith('line 0\n')
  })

  test('as a page has no markup of the agent’s', () => {
    const page = screen.picture({ format: 'html', scrollback: 0 })
    expect(page).toContain('<span style="color:#cd0000;font-weight:bold">&lt;b&gt;&amp;&quot;red&quot;</span> plain')
    expect(page.match(/<[a-z]+/g)?.filter((tag) => !['<pre', '<span'].includes(tag))).toEqual([])
  })

  test('in colour paints the same in a terminal', async () => {
    const terminal = newTerminal()
    await written(terminal, screen.picture({ format: 'ansi', scrollback: 0 }).replaceAll('\n', '\r\n'))
    expect(shown(terminal).lines.join('\n').trimEnd()).toBe(screen.picture({ format: 'text', scrollback: 0 }))
    expect(terminal.buffer.active.getLine(11)?.getCell(0)?.isBold()).toBeTruthy()
  })

  test('lines that left the screen are counted, and kept as long as there is room', () => {
    const small = makeScreen({ size: SIZE, scrollback: 5, name: NAME, reply: () => undefined })
    small.write(Array.from({ length: 30 }, (_, line) => `n ${line}`).join('\r\n'))
    expect(small.scrolled()).toBe(18)
    expect(small.history(0)).toEqual(['n 13', 'n 14', 'n 15', 'n 16', 'n 17'])
    small.write('\r\nmore')
    expect(small.history(18)).toEqual(['n 18'])
  })
})

test('nothing an agent prints makes the screen fail', () => {
  const screen = makeScreen({ size: SIZE, scrollback: 50, name: NAME, reply: () => undefined })
  fc.assert(
    fc.property(
      fc.oneof(
        stream,
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      ),
      (text) => {
        screen.write(text)
        screen.resize({ columns: 2 + (text.length % 90), rows: 2 + (text.length % 40) })
        expect(typeof screen.snapshot(text.length % 2 === 0)).toBe('string')
        expect(typeof screen.view({ columns: 3, rows: 2 })).toBe('string')
        for (const format of ['text', 'ansi', 'html'] as const)
          expect(typeof screen.picture({ format, scrollback: 10 })).toBe('string')
      },
    ),
    { numRuns: 400 },
  )
})

test('the title of a command stays in the sandbox, and paints nothing later either', () => {
  const screen = makeScreen({ size: SIZE, scrollback: 10, name: NAME, reply: () => undefined })
  expect(screen.write('\x1b]0;PWN\x07\x1b]2;PWN\x07here').clients).toBe('here')
  expect(screen.snapshot(true)).not.toContain('PWN')
  expect(screen.snapshot(true)).not.toContain('\x1b]2;')
})
