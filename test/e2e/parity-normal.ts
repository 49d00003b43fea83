import { dirname } from 'node:path'
import { claude } from '../../src/agents/claude/claude.ts'
import type { Asked } from './parity-api.ts'
import type { Ran } from './support.ts'

/** All that a scene did to the world, as it came. */
export type Raw = {
  readonly cwd: string
  readonly runs: readonly Ran[]
  /** The project's files by path. */
  readonly files: Readonly<Record<string, string>>
  /** Claude's transcripts by path. */
  readonly transcripts: Readonly<Record<string, string>>
  readonly asked: readonly Asked[]
}

/** The same without what differs from run to run: ids are numbered as they come, times and sizes of time are types. */
export type Deeds = {
  readonly runs: readonly { readonly code: number; readonly stdout: readonly unknown[]; readonly stderr: readonly string[] }[]
  readonly files: Readonly<Record<string, string>>
  readonly transcripts: readonly unknown[]
  readonly asked: readonly unknown[]
}

export function normal({ cwd, runs, files, transcripts, asked }: Raw): Deeds {
  const name = namer(dirname(cwd))
  return {
    runs: runs.map(({ code, stdout, stderr }) => ({
      code,
      stdout: stdout
        .split('\n')
        .map(parsed)
        .filter((line) => !isRepaint(line))
        .map((line) => values(line, name)),
      stderr: stderr
        .split('\n')
        .filter((line) => !AT_ONCE.test(line))
        .map(name),
    })),
    files: Object.fromEntries(Object.entries(files).map(([path, text]) => [name(path), name(text)])),
    transcripts: Object.entries(transcripts)
      .toSorted(([, a], [, b]) => (lastTime(a) < lastTime(b) ? -1 : 1))
      .map(([path, text]) => [name(path), ...text.split('\n').flatMap((line) => entry(parsed(line), name))]),
    asked: asked.map(({ path, beta, body }) => values({ path, beta, ...question(body) }, name)),
  }
}

/** What the watch says while a session runs, where it comes to that before the end, which says the same. */
const AT_ONCE = /^paude: warning: \S+ appeared in the project: /

const lastTime = (transcript: string): string => /.*"timestamp":"([^"]+)"/s.exec(transcript)?.[1] ?? ''

type Name = (text: string) => string

/** Numbers ids by first appearance, so that two that are the same stay the same. */
function namer(place: string): Name {
  const known = new Map<string, string>()
  const id = (text: string) => {
    const name = known.get(text) ?? `<id ${known.size + 1}>`
    known.set(text, name)
    return name
  }
  return (text) =>
    (text.length > 20_000 ? `${text.length} characters, ${Bun.hash(text)}` : text)
      .replaceAll(place, '<place>')
      .replaceAll(place.replace(/[^A-Za-z0-9]/g, '-'), '<slug>')
      .replaceAll(MEMORY, READ_ONLY_MEMORY)
      .replaceAll(`${READ_ONLY_MEMORY}\nContents`, 'Contents')
      .replaceAll(READ_ONLY_MEMORY, '')
      .replace(/(Total duration \(\w+\):) +\d+s/g, '$1 <time>')
      .replace(GIT_USER, '')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, id)
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replace(/(127\.0\.0\.1|host\.paude\.internal):\d+/g, '<api>')
      .replace(/(\.claude\/plans\/)(?:[a-z0-9-]|<slug>)+/g, '$1<words>')
      .replace(/(cc-socks\/)\d+/g, '$1<pid>')
}

/** Told by git's own files alone: Claude's git obeys no configuration by environment, which is how a box gets it. */
export const GIT_USER = 'Git user: Ada Test\n\n'

/** What the box's own CLAUDE.md adds to a question: asserted once, and taken out of all others. */
const memory = (shadowed: boolean): string =>
  `Contents of /etc/claude-code/CLAUDE.md (organization-managed policy instructions):\n\n${claude.seed({ directory: '/', restricted: true, screen: false, address: '', shadowed })['CLAUDE.md']}`
export const MEMORY = memory(true)
/** With --worktree nothing of the project is shadowed. */
const READ_ONLY_MEMORY = memory(false)

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return line
  }
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Durations, moments and process numbers. */
const VARYING = /(_ms|Ms|_at|At)$|^pid$/
/** Made of the same setting of git as GIT_USER. */
const GIT_IDENTITY = 'user_identity'

function values(value: unknown, name: Name): unknown {
  if (typeof value === 'string') return name(value)
  if (Array.isArray(value)) {
    const left = value.filter((inner) => !isGuardPlugin(inner) && !isBoxMemory(inner))
    // Claude writes one text alone without a list around it.
    const [only] = left.length === 1 && isFields(left[0]) && left[0]['type'] === 'text' ? left : []
    return isFields(only) ? name(String(only['text'])) : left.map((inner) => values(inner, name))
  }
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .filter(([key]) => key !== GIT_IDENTITY)
      .map(([key, inner]) => [key, VARYING.test(key) && typeof inner === 'number' ? 'number' : values(inner, name)]),
  )
}

/** A hint that the screen may be drawn anew, given when there is time. */
const isRepaint = (line: unknown): boolean => isFields(line) && line['subtype'] === 'ui_invalidate'

/** Claude's own guard of managed settings, which are in every box. */
const isGuardPlugin = (value: unknown): boolean => isFields(value) && value['name'] === 'cc-plugin-sec-default'

/** Nothing but the box's own CLAUDE.md. */
const isBoxMemory = (value: unknown): boolean =>
  isFields(value) &&
  typeof value['text'] === 'string' &&
  [MEMORY, READ_ONLY_MEMORY].some((one) => String(value['text']).includes(`exactly as written.\n\n${one}</system-reminder>`))

/** That a turn ended under no hooks but those which the box brings: asserted once, and taken out of all others. */
const isOwnHooks = (line: Fields): boolean =>
  line['subtype'] === 'stop_hook_summary' &&
  list(line['hookInfos']).every((hook) => isFields(hook) && String(hook['command']).includes(OWN_HOOK))

export const OWN_HOOK = '/paude/seed/hook.sh'

/** One line of a transcript: its kind, role, tools and words. */
function entry(line: unknown, name: Name): readonly unknown[] {
  if (!isFields(line)) return line === '' ? [] : [line]
  const { type, subtype, attachment, message } = line
  if (type === 'attachment' && isFields(attachment)) {
    const { type: kind, files } = attachment
    if (kind === 'instructions') {
      const paths = list(files).flatMap((file) =>
        isFields(file) && file['path'] !== '/etc/claude-code/CLAUDE.md' ? [file['path']] : [],
      )
      return paths.length === 0 ? [] : [values(['instructions', ...paths], name)]
    }
    return [`attachment ${kind}`]
  }
  if (type === 'system') return isOwnHooks(line) ? [] : [`system ${subtype}`]
  // The rest is book-keeping, written when there is time.
  if (!isFields(message) || (type !== 'user' && type !== 'assistant')) return []
  return [values({ role: message['role'], content: message['content'], model: message['model'] }, name)]
}

/** What the model is asked, without what identifies the machine. */
function question(body: unknown): Fields {
  if (!isFields(body)) return { body }
  const { metadata: _, tools, ...rest } = body
  return { ...rest, tools: list(tools).map((tool) => (isFields(tool) ? tool['name'] : tool)) }
}
