import * as v from 'valibot'
import { faultOf } from '../../config/files/faults.ts'
import { PaudeError } from '../../errors.ts'
import { shown } from '../../text.ts'
import type { ProjectFile } from '../project.ts'
import { lineOf } from './jsonc.ts'

const texts = v.array(v.string())
const variables = v.record(v.string(), v.nullable(v.string()))
const command = v.union([v.string(), texts], 'must be a text or a list of texts')
const commands = v.union([command, v.record(v.string(), command)], 'must be a text, a list of texts, or an object of them')
const mount = v.union(
  [
    v.string(),
    v.looseObject({
      source: v.optional(v.string()),
      target: v.string(),
      type: v.optional(v.string()),
      readonly: v.optional(v.boolean()),
    }),
  ],
  'must be a text or an object',
)

/** What is read of a devcontainer.json; other keys are let through and named. */
const Keys = v.looseObject({
  image: v.optional(v.string()),
  build: v.optional(
    v.looseObject({
      dockerfile: v.optional(v.string()),
      context: v.optional(v.string()),
      args: v.optional(v.record(v.string(), v.string())),
      target: v.optional(v.string()),
    }),
  ),
  dockerFile: v.optional(v.string()),
  context: v.optional(v.string()),
  dockerComposeFile: v.optional(v.unknown()),
  features: v.optional(v.record(v.string(), v.unknown())),
  containerEnv: v.optional(variables),
  remoteEnv: v.optional(variables),
  mounts: v.optional(v.array(mount)),
  workspaceFolder: v.optional(v.string()),
  forwardPorts: v.optional(v.array(v.union([v.number(), v.string()], 'must be a number or a text'))),
  onCreateCommand: v.optional(commands),
  updateContentCommand: v.optional(commands),
  postCreateCommand: v.optional(commands),
  postStartCommand: v.optional(commands),
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
  const { path, message } = faultOf(result.issues[0], 'an object')
  const line = lineOf(text, path)
  throw new PaudeError('config', shown(`${file}${line === null ? '' : `:${line}`}: ${message}`), {
    hint: 'correct it, or go on without it: paude --devcontainer=off',
  })
}
