import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Argv, exec, folder, guard, type Plan, together, write } from '../../src/plan/plan.ts'
import { renderPlan } from '../../src/plan/render.ts'
import { DOTS, secret } from '../../src/secret.ts'
import { anyWord } from '../support/words.ts'

/** A command that every shell has in itself: a program for each of some thousand words would be most of what this file takes. */
const say = (...words: readonly string[]): Argv => ['printf', '%s\\0', ...words]
const answers = (text: string): readonly string[] => text.split('\0').slice(0, -1)

let room = ''
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-render-'))
})
afterAll(() => rmSync(room, { recursive: true }))

function run(
  plan: Plan,
  { shell = 'sh', afterwards = [] }: { shell?: string; afterwards?: Plan } = {},
): { readonly code: number; readonly out: readonly string[]; readonly err: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([shell], { stdin: Buffer.from(renderPlan(plan, afterwards)) })
  return { code: exitCode, out: answers(stdout.toString()), err: stderr.toString() }
}

test('every word of every step survives the way through a real shell', () => {
  fc.assert(
    fc.property(anyWord, anyWord, fc.array(anyWord, { maxLength: 6 }), (one, two, many) => {
      const plan = [
        exec(say(one, two)),
        exec(say(...many, '--flag', one)),
        exec(say('in a folder', one), { folder: room }),
        exec(say('unless', two), { unless: ['false', one] }),
        exec(say('never'), { unless: ['test', '-n', `x${one}`] }),
        guard(['false'], [exec(say('guarded', one, '--flag', two))]),
        together([[exec(say('lane', one)), exec(say('--last', '--of', '--the', '--lane', two))]]),
      ]
      const { code, out, err } = run(plan)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toEqual([
        one,
        two,
        ...many,
        '--flag',
        one,
        'in a folder',
        one,
        'unless',
        two,
        'guarded',
        one,
        '--flag',
        two,
        'lane',
        one,
        '--last',
        '--of',
        '--the',
        '--lane',
        two,
      ])
    }),
    { numRuns: 60 },
  )
})

test('files are written byte for byte, with every delimiter inside and with or without a last line break', () => {
  const file = join(room, "a file's name")
  fc.assert(
    fc.property(anyWord, fc.constantFrom('', '\n', '\n\n'), (text, end) => {
      expect(run([guard(['false'], [write(file, `${text}${end}`, 0o640)])]).err).toBe('')
      expect(readFileSync(file, 'utf8')).toBe(`${text}${end}`)
      expect(statSync(file).mode & 0o777).toBe(0o640)
    }),
    { numRuns: 80 },
  )
})

test('standard input arrives as it is', () => {
  fc.assert(
    fc.property(anyWord, (text) => {
      expect(run([exec(['cat'], { stdin: text }), exec(say(''))]).out).toEqual([text])
    }),
    { numRuns: 40 },
  )
})

test('a pipe and what is waited for run as shell, with every word unharmed', () => {
  fc.assert(
    fc.property(anyWord, (word) => {
      const file = join(room, 'piped')
      const { code, out, err } = run([
        { kind: 'pipe', from: say(word, '--flag'), to: ['tee', file] },
        { kind: 'until', ask: ['cat', file], ready: 'flag', title: word, every: 0.01, most: 1 },
        exec(say('after')),
      ])
      expect({ code, out, err }).toEqual({ code: 0, out: [word, '--flag', 'after'], err: '' })
      expect(answers(readFileSync(file, 'utf8'))).toEqual([word, '--flag'])
    }),
    { numRuns: 40 },
  )
})

test.each([
  ['a source that fails', [{ kind: 'pipe', from: ['false'], to: ['cat'] }], ''],
  ['a reader that fails', [{ kind: 'pipe', from: ['echo', 'x'], to: ['false'] }], ''],
  [
    'an answer that never comes',
    [{ kind: 'until', ask: ['echo', 'no'], ready: '^yes$', title: 'x', every: 0.01, most: 0.05 }],
    '',
  ],
  [
    'an answer that is final',
    [
      {
        kind: 'until',
        ask: ['echo', 'no'],
        ready: '^yes$',
        never: { pattern: '^no$', message: "it's over", hint: '' },
        title: 'x',
        every: 1,
        most: 9,
      },
    ],
    "it's over\n",
  ],
] as const satisfies readonly (readonly [string, Plan, string])[])('%s ends the script', (_, plan, said) => {
  const { code, err } = run([...plan, exec(say('not reached'))])
  expect({ code, err }).toEqual({ code: 1, err: said })
})

test('undos run newest first when a step fails, each with its words unharmed', () => {
  fc.assert(
    fc.property(anyWord, (word) => {
      const { code, out } = run([
        exec(['true'], { undo: ['touch', join(room, 'undone')] }),
        exec(['true'], { undo: ['sh', '-c', 'printf %s "$1" >"$2"', 'undo', word, join(room, 'word')] }),
        exec(['sh', '-c', 'exit 7']),
        exec(say('not reached')),
      ])
      expect({ code, out }).toEqual({ code: 7, out: [] })
      expect(readFileSync(join(room, 'word'), 'utf8')).toBe(word)
    }),
    { numRuns: 20 },
  )
})

const log = () => join(room, 'log')
const note = (text: string): Argv => ['sh', '-c', `echo ${text} >>${log()}`]
const noted = (): string => readFileSync(log(), 'utf8').replaceAll('\n', ' ').trim()
const fresh = (plan: Plan): Plan => [write(log(), ''), ...plan]

test('a step that was not needed is not taken back, in a lane either', () => {
  const plan = fresh([
    exec(note('home'), { unless: ['true'], undo: note('undo-home') }),
    together([
      [exec(note('volume'), { unless: ['true'], undo: note('undo-volume') })],
      [exec(note('gate'), { undo: note('undo-gate') })],
    ]),
    exec(['false']),
  ])
  expect(run(plan).code).toBe(1)
  expect(noted()).toBe('gate undo-gate')
})

test('a failing lane fails the script after every lane has ended', () => {
  const slow: Argv = ['sh', '-c', `until grep -q failed ${log()}; do :; done; echo slow >>${log()}`]
  const plan = fresh([
    together([
      [exec(['sh', '-c', `echo failed >>${log()}; exit 3`]), exec(note('unreached'))],
      [exec(slow, { undo: note('undo-slow') })],
    ]),
    exec(note('later')),
  ])
  expect(run(plan).code).toBe(1)
  expect(noted()).toBe('failed slow undo-slow')
})

test('a rescue takes back its own step only, then tries again', () => {
  const made = join(room, 'image')
  const needy: Argv = ['sh', '-c', `test -e ${made}`]
  const plan = fresh([
    exec(note('folder'), { undo: note('undo-folder') }),
    together([[exec(note('proxy'), { undo: note('undo-proxy') }), exec(needy), exec(note('agent'))]], {
      rescue: [exec(['touch', made])],
    }),
    exec(note('end')),
  ])
  expect(run(plan)).toMatchObject({ code: 0, err: '' })
  expect(noted()).toBe('folder proxy undo-proxy proxy agent end')
  rmSync(made)
  expect(run([...plan, exec(['false'])]).code).toBe(1)
  expect(noted()).toBe('folder proxy undo-proxy proxy agent end undo-proxy undo-folder')
})

test('a rescue that fails takes everything back', () => {
  const plan = fresh([
    exec(note('folder'), { undo: note('undo-folder') }),
    exec(['false'], { undo: note('undo-image'), rescue: [exec(['sh', '-c', 'exit 9'])] }),
  ])
  expect(run(plan).code).toBe(9)
  expect(noted()).toBe('folder undo-image undo-folder')
})

test('an agent that ends with an error is not undone, and what follows it runs', () => {
  const attach = { kind: 'attach', argv: ['sh', '-c', 'exit 4'], terminal: false, stdin: false } as const
  const plan = fresh([exec(note('home'), { undo: note('undo-home') }), attach])
  expect(run(plan).code).toBe(4)
  expect(noted()).toBe('home')
  expect(run(plan, { afterwards: [exec(['false'], { tolerant: true }), exec(note('removed'))] }).code).toBe(4)
  expect(noted()).toBe('home removed')
})

test('a tolerant step may fail, also inside a folder and after standard input', () => {
  expect(run([exec(['false'], { tolerant: true, folder: room, stdin: 'x' }), exec(say('on'))])).toMatchObject({
    code: 0,
    out: ['on'],
  })
})

test('a removal that fails counts while something is left', () => {
  expect(run([exec(['false'], { left: ['true'] }), exec(say('on'))])).toMatchObject({ code: 0, out: ['on'] })
  expect(run([exec(['false'], { left: ['echo', 'a box'] }), exec(say('on'))])).toMatchObject({ code: 1, out: [] })
  expect(run([exec(['false'], { left: ['false'] }), exec(say('on'))])).toMatchObject({ code: 1, out: [] })
})

test('folders get their mode whatever the umask is, and are taken back', () => {
  const path = join(room, 'deep', 'folder')
  expect(run([folder(path, 0o755), exec(['sh', '-c', `stat -c %a ${path} >&2; exit 1`])]).err).toBe('755\n')
  expect(() => statSync(path)).toThrow()
})

test('secrets are dots in environment and standard input', () => {
  const script = renderPlan([exec(['env'], { env: { TOKEN: secret('hunter2'), OPEN: 'a b' }, stdin: secret('hunter3') })])
  expect(script).not.toContain('hunter')
  expect(script).toContain(`printf %s ${DOTS} | TOKEN=${DOTS} OPEN='a b' env`.replace(`%s ${DOTS}`, `%s '${DOTS}'`))
})

test('every flag stands on a line of its own', () => {
  expect(renderPlan([exec(['docker', 'run', '--detach', '--name=x y', 'image', 'word'])])).toEndWith(
    "docker run \\\n  --detach \\\n  '--name=x y' \\\n  image \\\n  word\n",
  )
})
