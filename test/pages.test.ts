import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import * as v from 'valibot'
import { isRehearsal } from '../src/cli/front-flags.ts'
import { readWords } from '../src/cli/read-words.ts'
import { asksAgent, refuseLostFlags, refuseNearVerb, suspicions } from '../src/cli/start/near-misses.ts'
import { added, startWords } from '../src/cli/start/start-words.ts'
import { verbOf } from '../src/cli/verb.ts'
import { commands } from '../src/cli/verbs.ts'
import { parseConfig } from '../src/config/files/parse.ts'
import { readFlags } from '../src/config/layers/read-flags.ts'
import { SessionEvent } from '../src/events/event.ts'
import { parseEntry } from '../src/network/groups.ts'

const root = join(import.meta.dir, '..')
const below = (folder: string) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name)))
const pages = ['README.md', 'CHANGELOG.md', 'bench.md', ...below('docs')].filter((file) => file.endsWith('.md'))
const textOf = (page: string) => readFileSync(join(root, page), 'utf8')

test('README.md has at most 200 lines', () => {
  expect(textOf('README.md').split('\n').length).toBeLessThanOrEqual(200)
})

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) =>
    /^https?:/.test(link) ? [] : [link],
  )
  expect(links.filter((link) => !leadsSomewhere(page, link))).toEqual([])
})

test('the README leads to every page', () => {
  const linked = [...textOf('README.md').matchAll(/\]\(([^)\s#]+)/g)].map(([, link = '']) => link)
  const hand = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/reference/README.md')
  expect(hand.filter((page) => !linked.includes(page))).toEqual([])
})

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor = ''] = link.split('#')
  const file = path === '' ? page : normalize(join(dirname(page), path))
  if (file.startsWith('..') || !existsSync(join(root, file))) return false
  return anchor === '' || anchorsOf(file).includes(anchor)
}

/** Names that headings get on the web: in lower case, without punctuation, dashes for spaces. */
const anchorsOf = (file: string): readonly string[] =>
  [...withoutCode(textOf(file)).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

type Block = { readonly language: string; readonly text: string }

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm
const withoutCode = (text: string) => text.replace(FENCE, '')

/** Fenced and indented blocks. */
const blocksOf = (text: string): readonly Block[] => [
  ...[...text.matchAll(FENCE)].map(([, language = '', code = '']) => ({ language, text: code })),
  ...[...withoutCode(text).matchAll(/(?<=\n\n)((?: {4}.*\n)+)/g)].map(([, code = '']) => ({
    language: '',
    text: code.replace(/^ {4}/gm, ''),
  })),
]

const spansOf = (text: string): readonly string[] =>
  [...withoutCode(text).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span.replaceAll('\\|', '|'))

/** Calls of paude in a line of shell, as words; a placeholder such as `[SESSION]` is a word, and … is none. */
function callsIn(line: string): readonly (readonly string[])[] {
  const code = line.replace(/(^|\s)#.*$/, '')
  return splitOutsideQuotes(code).flatMap((part) => {
    const found = /^(?:[A-Z_]+=\S* )*paude(?: (.*))?$/.exec(part)
    return found === null ? [] : [wordsOf(found[1] ?? '')]
  })
}

/** At what separates commands. Such a sign in quotes is a sign. */
const splitOutsideQuotes = (code: string): readonly string[] =>
  code
    .replaceAll(/"[^"]*"|'[^']*'|&&|[|;()<>]/g, (token) => (/^["']/.test(token) ? token : '\n'))
    .split('\n')
    .map((part) => part.trim())

const wordsOf = (text: string): readonly string[] =>
  (text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [])
    .map((word) => word.replaceAll(/["']/g, '').replace(/^\[(.*)\]$/, '$1'))
    .filter((word) => word !== '…')
    .map((word) => word.replace(/…$/, ''))

const machine = { env: {} } as Parameters<typeof isRehearsal>[0]

/** Reads words as the program would, and throws what it would say. */
async function read(argv: readonly string[]): Promise<void> {
  const { layer, words, ended, names } = readFlags(argv)
  for (const entry of layer.networkAllow ?? []) parseEntry(entry, '')
  const judging = { ...machine, env: layer.agent === undefined ? {} : { PAUDE_AGENT: layer.agent } }
  const ofAgent = layer.agent !== undefined && asksAgent(words[0] ?? '', judging)
  const name = ended || ofAgent ? null : commands.find(words[0])
  if (name === null) {
    if (ended || words[0] === '--help' || words[0] === '--version') return
    refuseNearVerb(words, { host: judging, verbs: commands.names })
    refuseLostFlags(words, judging)
    expect(suspicions(words, judging)).toEqual([])
    return
  }
  const found = await commands.load(name)
  const rest = words.slice(1)
  if (rest.includes('--help')) return
  if (!('verbs' in found)) return act(`paude ${name}`, found, rest)
  const at = rest.findIndex((word) => verbOf(found, word) !== undefined)
  const inner = verbOf(found, rest[at] ?? '')
  if (inner === undefined) throw new Error(`paude ${name} has no verb in ${JSON.stringify(rest)}`)
  return act(`paude ${name} ${rest[at]}`, inner, rest.toSpliced(at, 1))

  function act(called: string, verb: Exclude<typeof found, { verbs: unknown }>, argv: readonly string[]) {
    const behind = verb.starts ? startWords(argv, verb.args) : { layer: {}, names: [], rest: argv }
    const front = { called, example: undefined, ...verb.front }
    const args = verb.args ?? {}
    const given = readWords(front, behind.rest, args)
    isRehearsal(machine, front, { args, given, names: [...names, ...behind.names], layer: added(layer, behind.layer) })
  }
}

test.each(pages)('the commands of %s are read without an error', async (page) => {
  const text = textOf(page)
  const lines = blocksOf(text).flatMap(({ language, text }) => (['', 'sh'].includes(language) ? text.split('\n') : []))
  const faults: string[] = []
  for (const call of lines.flatMap(callsIn))
    await read(call).catch((error: Error) => faults.push(`paude ${call.join(' ')}: ${error.message}`))
  expect(faults).toEqual([])
})

test.each(pages)('the commands that %s names in sentences are read without an error', async (page) => {
  const spans = spansOf(textOf(page)).filter((span) => /^paude( |$)/.test(span) && !/[[|…]|\b[A-Z]+\b/.test(span))
  const faults: string[] = []
  // A sentence may speak of a verb without its words.
  for (const call of spans.flatMap(callsIn))
    await read(call).catch(({ message }: Error) => / is missing$|has no verb in \[\]/.test(message) || faults.push(message))
  expect(faults).toEqual([])
})

test.each(pages)('the TOML of %s is read without an error', (page) => {
  const blocks = blocksOf(textOf(page)).filter(({ language }) => language === 'toml')
  for (const { text } of blocks) {
    const layer = text.startsWith('# paude.toml') ? 'project' : text.startsWith('# /etc') ? 'managed' : 'user'
    parseConfig({ layer, file: page, text })
  }
  expect(blocks.filter(({ text }) => /^#\S/.test(text))).toEqual([])
})

test('the events in the documents are events', () => {
  const lines = pages.flatMap((page) =>
    blocksOf(textOf(page)).flatMap(({ language, text }) => (language === 'json' ? text.trim().split('\n') : [])),
  )
  const events = lines.filter((line) => line.startsWith('{"v":1'))
  expect(events).not.toBeEmpty()
  for (const line of events) v.parse(SessionEvent, JSON.parse(line))
})

test('a wrong command, link or key in a page would be seen', async () => {
  const seen = callsIn('id=$(paude --detach -p "a; b") && paude network alow example.org # paude rm | x')
  expect(seen).toEqual([
    ['--detach', '-p', 'a; b'],
    ['network', 'alow', 'example.org'],
  ])
  expect(read(seen[1] ?? [])).rejects.toThrow('no verb')
  expect(read(['stop', '--nothing'])).rejects.toThrow('unknown flag --nothing')
  expect(read(['--memory', '4g', 'stop'])).rejects.toThrow('--memory')
  expect(read(['--netwrok=none', '--memory=4g'])).rejects.toThrow()
  expect(leadsSomewhere('docs/git.md', 'nowhere.md')).toBe(false)
  expect(leadsSomewhere('docs/git.md', '#nowhere')).toBe(false)
  expect(leadsSomewhere('docs/git.md', '#what-is-read-only')).toBe(true)
})
