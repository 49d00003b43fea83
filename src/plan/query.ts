import type { Argv } from './plan.ts'

/** A question to a program and the pure reader of its answer, so that parsing is tested on recorded output. */
export type Query<T> = { readonly argv: Argv; readonly parse: (stdout: string) => T }
