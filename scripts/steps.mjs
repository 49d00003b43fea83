import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { constants as system } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout, wherever the script was called from. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Ignored by git; holds what is fetched or made once. */
export const cache = join(root, '.cache')

const children = new Set()
let received = null

/** Carries out one step; its line and its duration go to stderr. */
export async function step(label, work) {
  const start = performance.now()
  process.stderr.write(`· ${label} … `)
  try {
    const result = await work()
    process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`)
    return result
  } catch (error) {
    process.stderr.write('failed\n')
    throw error
  }
}

/** Runs a program to its end and returns its stdout, trimmed. What it said is shown only when it fails. */
export async function run([program, ...words], { stdin = 'ignore', timeout = 0, cwd = root, env = process.env } = {}) {
  const child = start(program, words, { stdio: [stdin, 'pipe', 'pipe'], timeout, cwd, env })
  let answer = ''
  let log = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    answer += text
    log += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const code = await ended(child)
  if (code !== 0) throw new Error(`${[program, ...words].join(' ')} ended with ${code}\n${lastLines(log)}`)
  return answer.trim()
}

/** Runs a program in the caller's terminal and returns its exit code, 128 + N when signal N ended it. */
export const hand = async ([program, ...words], { cwd = root, env = process.env } = {}) =>
  ended(start(program, words, { stdio: 'inherit', cwd, env }))

/** The same for programs that run side by side: each line begins with whose it is. */
export async function follow(name, [program, ...words], { env = process.env } = {}) {
  const child = start(program, words, { stdio: ['ignore', 'pipe', 'pipe'], cwd: root, env })
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()
      for (const line of lines) process.stderr.write(`[${name}] ${line}\n`)
    })
    stream.on('end', () => rest && process.stderr.write(`[${name}] ${rest}\n`))
  }
  return ended(child)
}

/** Passes SIGINT, SIGTERM and SIGHUP on to whatever runs, and lets nothing new start after one. */
export function forwardSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      received = signal
      // A terminal sends ^C to every process in the foreground by itself.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      for (const child of children) child.kill(signal)
    })
}

/** Runs a script's main function; its failure is one message and exit code 1. */
export async function main(work) {
  try {
    process.exitCode = await work()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = received === null ? 1 : 128 + system.signals[received]
  }
}

/** Whether a program is in PATH; an absolute path is asked for as it is. */
export function has(program) {
  const folders = program.startsWith('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => {
    try {
      accessSync(folder === '' ? program : join(folder, program), program.startsWith('/') ? constants.R_OK : constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export const lastLines = (text, count = 15) => text.trim().split('\n').slice(-count).join('\n')

function start(program, words, options) {
  if (received !== null) throw new Error(`stopped by ${received}`)
  const child = spawn(program, words, options)
  children.add(child)
  return child
}

const ended = (child) =>
  new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      children.delete(child)
      resolve(code ?? 128 + system.signals[signal])
    })
  })
