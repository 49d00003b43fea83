import type { Argv } from '../../plan/plan.ts'
import { programs } from '../names.ts'

/** Names of a session's parts. The agent bears the bare id. */
export const parts = (id: string) => ({ agent: id, proxy: `${id}-proxy` })

/** A call of Apple's client. */
export const container = (...words: readonly string[]): Argv => [programs.apple, ...words]

/** A call whose answer needs more than the client itself tells. No word is part of the script. */
export const scripted = (script: string, ...words: readonly string[]): Argv => ['/bin/sh', '-c', script, 'sh', ...words]

/** File of out/ in which the first program of a box keeps its exit code: the engine forgets it. */
export const EXIT = 'exit'
