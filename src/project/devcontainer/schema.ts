import * as v from 'valibot'
import { faultOf } from '../../config/files/faults.ts'
import { PaudeError } from '../../errors.ts'
import { shown } from '../../text.ts'
import type { ProjectFile } from '../project.ts'
import { lineOf } from './jsonc.ts'

const texts = v.array(v.string())
/** Editors write numbers and truth values where a text is meant. */
const scalar = v.pipe(v.union([v.string(), v.number(), v.boolean()], 'must be a string'), v.transform(String))
const variables = v.record(v.string(), v.nullable(scalar))
const command = v.union([v.string(), texts], 'must be a string or a list of strings')
const commands = v.union([command, v.record(v.string(), command)], 'must be a string, a list of strings, or an object of them')
const mount = v.union(
  [
    v.string(),
    v.looseObject({
      source: v.optional(v.string()),
      target: v.optional(v.string()),
      type: v.optional(v.string()),
      readonly: v.optional(v.boolean()),
    }),
  ],
  'must be a string or an object',
)

/** What is read of a devcontainer.json; other keys are let through and named. */
const Keys = v.looseObject({
  image: v.optional(v.string()),
  build: v.optional(
    v.looseObject({
      dockerfile: v.optional(v.string()),
      context: v.optional(v.string()),
      args: v.optional(v.record(v.string(), scalar)),
      target: v.optional(v.string()),
    }),
  ),
  dockerFile: v.optional(v.string()),
  context: v.optional(v.string()),
  dockerComposeFile: v.optional(v.union([v.string(), texts], 'must be a string or a list of strings')),
  service: v.nullish(v.string()),
  waitFor: v.nullish(v.string()),
  remoteUser: v.nullish(v.string()),
  containerUser: v.nullish(v.string()),
  overrideFeatureInstallOrder: v.optional(texts),
  features: v.optional(v.record(v.string(), v.unknown())),
  containerEnv: v.optional(variables),
  remoteEnv: v.optional(variables),
  mounts: v.optional(v.array(mount)),
  workspaceFolder: v.optional(v.string()),
  forwardPorts: v.optional(v.array(v.union([v.number(), v.string()], 'must be a number or a string'))),
  onCreateCommand: v.nullish(commands),
  updateContentCommand: v.nullish(commands),
  postCreateCommand: v.nullish(commands),
  postStartCommand: v.nullish(commands),
  runArgs: v.optional(texts),
  privileged: v.optional(v.boolean()),
  capAdd: v.optional(texts),
  securityOpt: v.optional(texts),
})
export type Devcontainer = v.InferOutput<typeof Keys>

const Devcontainer = v.pipe(
  v.custom<object>((found) => typeof found === 'object' && found !== null && !Array.isArray(found), 'must be an object'),
  Keys,
)

/** Checks the types of what will be used. */
export function checkDevcontainer({ file, text }: Pick<ProjectFile, 'file' | 'text'>, found: unknown): Devcontainer {
  const result = v.safeParse(Devcontainer, found)
  if (result.success) return result.output
  throw faulty(
    file,
    result.issues.slice(0, MOST_FAULTS).map((issue) => {
      const { path, message } = faultOf(issue, 'an object')
      return { line: lineOf(text, path), message }
    }),
    result.issues.length,
  )
}

/** The line of each is looked for in the whole text. */
const MOST_FAULTS = 20

type Fault = { readonly line?: number | null; readonly message: string }

/** What keeps a file from being used, everything at once: one fault a try would take as many tries as there are faults. */
export function faulty(file: string, faults: readonly Fault[], count = faults.length): PaudeError {
  const [first] = faults
  const hint = 'correct it, or start without the file: paude --devcontainer=off'
  if (faults.length === 1 && first !== undefined)
    return new PaudeError('config', shown(`${file}${first.line ? `:${first.line}` : ''}: ${first.message}`), { hint })
  const lines = faults.map(({ line, message }) => `\n  ${shown(`${line ? `line ${line}: ` : ''}${message}`)}`)
  const more = count > faults.length ? `\n  and ${count - faults.length} more` : ''
  return new PaudeError('config', `${shown(file)} cannot be used:${lines.join('')}${more}`, { hint })
}
