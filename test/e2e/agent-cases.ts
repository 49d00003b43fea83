import type { Ran, RunOptions } from './support.ts'

/** One call of an agent. `{id}` stands for the last conversation that was told on stdout. */
export type Step = Pick<RunOptions, 'stdin' | 'through' | 'env'> & {
  readonly words: readonly string[]
  /** Folder of the call, below the project. */
  readonly below?: string
  /** Sent once the model was asked. */
  readonly signal?: NodeJS.Signals
}

/** What a case did to the world, without what differs from run to run. */
export type Deeds = {
  readonly runs: readonly Ran[]
  /** What the model was asked. */
  readonly asked: readonly string[]
  /** Files of the project, each with its mode and content. */
  readonly files: readonly string[]
}

export type Case = {
  readonly steps: readonly Step[]
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Name of the project's folder. */
  readonly name?: string
  /** A folder without a repository. */
  readonly git?: false
  /** A row of docs/differences.md, by its first words, and what the agent did on this machine turned into what it does in a sandbox. */
  readonly differs?: { readonly row: string; readonly to: (host: Deeds) => Deeds }
}

export const one = (...words: readonly string[]): Case => ({ steps: [{ words }] })

export const several = (...steps: readonly (readonly string[])[]): Case => ({ steps: steps.map((words) => ({ words })) })

export const fed = (stdin: Step['stdin'], ...words: readonly string[]): Case => ({
  steps: [{ words, ...(stdin === undefined ? {} : { stdin }) }],
})

export const through = (script: string, ...words: readonly string[]): Case => ({
  steps: [{ words, through: ['bash', '-c', script, 'bash'] }],
})

/** One dot. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Bytes that are no text, after a script's first word. */
export const NO_TEXT = new Uint8Array([83, 65, 89, 32, 255, 254, 0, 65, 0xc3, 0x28])
