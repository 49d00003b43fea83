import * as v from 'valibot'
import { agentNames } from '../../agents/names.ts'
import { isObjectName, isRefName } from '../../workspace/ref-name.ts'

/** First entry of a backup. */
export const MANIFEST = 'manifest.json'
/** All refs of a clone, and what was not committed. */
export const BUNDLE = 'workspace.bundle'
/** Before a path below HOME. */
export const HOME = 'home/'

/** What of a conversation is in a backup at most. The manifest names each file. */
export const MOST = { files: 20_000, home: 1024 ** 3, bundle: 7 * 1024 ** 3, manifest: 8 * 1024 ** 2 } as const

const line = (most: number) =>
  v.pipe(
    v.string(),
    v.maxLength(most),
    v.check((text) => !/\p{Cc}/u.test(text)),
  )
const size = v.pipe(v.number(), v.integer(), v.minValue(0))

/**
 * What a backup says of itself. A stranger may have written it, so nothing here opens anything: a restore decides by the configuration
 * that holds where it runs, and takes from here only what restricts, what it shows, and what it checks.
 */
export const Manifest = v.strictObject({
  v: v.literal(1),
  version: line(60),
  /** ISO time. */
  made: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)),
  session: v.strictObject({
    id: line(60),
    name: line(60),
    agent: v.picklist(agentNames),
    workspace: line(4096),
    mode: v.picklist(['bind', 'clone', 'none']),
    /** '' where none had begun. */
    conversation: v.pipe(v.string(), v.regex(/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/)),
  }),
  policy: v.strictObject({
    network: v.picklist(['none', 'restricted', 'ask', 'record', 'open']),
    allow: v.pipe(v.array(line(300)), v.maxLength(1000)),
    deny: v.pipe(v.array(line(300)), v.maxLength(1000)),
  }),
  clone: v.nullable(
    v.strictObject({
      base: v.pipe(v.string(), v.check(isObjectName)),
      branch: v.pipe(v.string(), v.maxLength(250), v.check(isRefName)),
    }),
  ),
  files: v.pipe(
    v.array(v.strictObject({ name: line(1100), size, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })),
    v.maxLength(MOST.files + 1),
  ),
})
export type Manifest = v.InferOutput<typeof Manifest>
