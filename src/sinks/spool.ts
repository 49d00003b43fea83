import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { processMark } from '../host.ts'

/** Messages that could not be sent, one file each, oldest first. Several processes share the folder. */
export type Spool<Message> = {
  readonly keep: (message: Message) => void
  /** Takes the oldest: nobody else gets it until it is put back. null when there is none. */
  readonly take: () => Taken<Message> | null
}

export type Taken<Message> = { readonly message: Message; readonly done: () => void; readonly putBack: () => void }

/** Messages at most; the oldest go first. */
const ROOM = 100
/** Milliseconds after which nobody wants to be told any more. */
const LIFETIME = 24 * 3600 * 1000

/** A spool in a folder that is the caller's alone; `now` in milliseconds since 1970. What is no message of its kind is dropped. */
export function openSpool<Message>(
  folder: string,
  now: () => number,
  isOne: (value: unknown) => value is Message,
): Spool<Message> {
  const names = (): readonly string[] => {
    try {
      return readdirSync(folder).toSorted()
    } catch {
      return []
    }
  }
  /** Names that can be had; what is too old goes, and what a dead process had taken comes back. */
  const waiting = (): readonly string[] =>
    names().flatMap((name) => {
      const [, time = '', pid] = /^(\d{15})-[\w-]+\.json(?:\.(\d+))?$/.exec(name) ?? []
      if (time === '') return []
      if (now() - Number(time) > LIFETIME) rmSync(join(folder, name), { force: true })
      else if (pid === undefined) return [name]
      else if (processMark(Number(pid)) === '') moved(join(folder, name), join(folder, name.replace(/\.\d+$/, '')))
      return []
    })

  return {
    keep(message) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const name = `${String(now()).padStart(15, '0')}-${crypto.randomUUID()}.json`
      const draft = join(folder, `.${name}`)
      writeFileSync(draft, JSON.stringify(message), { mode: 0o600, flag: 'wx' })
      renameSync(draft, join(folder, name))
      for (const oldest of waiting().slice(0, -ROOM)) rmSync(join(folder, oldest), { force: true })
    },
    take() {
      for (const name of waiting()) {
        const [path, mine] = [join(folder, name), join(folder, `${name}.${process.pid}`)]
        if (!moved(path, mine)) continue
        const message = readJson(mine)
        const done = () => rmSync(mine, { force: true })
        if (isOne(message)) return { message, done, putBack: () => void moved(mine, path) }
        done()
      }
      return null
    },
  }
}

/** false when somebody else was faster. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch {
    return false
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
