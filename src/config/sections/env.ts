import { SECRET_NAME } from '../../credentials/looks-secret.ts'
import { heldSecrets, OTHER_SOURCES, REFERENCE } from '../../credentials/schema.ts'
import { type Reference, type SecretSource, sourceOfSecret } from '../../credentials/source.ts'
import { row, type Valibot } from '../../key.ts'

/** `[env]`: text is a value, `env:NAME` and `file:PATH` are references, a program prints the value, or the keychain has it. */
const table = (v: Valibot) =>
  v.pipe(
    v.record(
      v.pipe(v.string(), v.regex(/^[A-Za-z_]\w*$/, 'is not the name of an environment variable')),
      v.union([v.string(), ...heldSecrets(v)], `must be a string, ${OTHER_SOURCES}`),
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return
      for (const [key, value] of Object.entries(dataset.value)) {
        const fault = envFault(key, value)
        if (fault !== null)
          addIssue({ message: fault, path: [{ type: 'object', origin: 'value', input: dataset.value, key, value }] })
      }
    }),
    v.transform((table) => {
      const rows = Object.entries(table)
      return {
        env: rows.flatMap(([name, value]) => (isReference(value) ? [] : [`${name}=${String(value)}`])),
        references: rows.flatMap(([name, value]): readonly Reference[] =>
          isReference(value) ? [{ name, source: sourceOfSecret(value) }] : [],
        ),
      }
    }),
  )

const isReference = (value: SecretSource): boolean => typeof value !== 'string' || /^(env|file):/.test(value)

function envFault(name: string, value: SecretSource): string | null {
  if (isReference(value))
    return typeof value !== 'string' || REFERENCE.test(value) ? null : 'must be "env:NAME" or "file:/path" (or "file:~/path")'
  return SECRET_NAME.test(name) && value !== '' ? SECRET : null
}

const SECRET = `looks like a secret, and a config file must not hold one; write it below [env] as "env:NAME", "file:PATH", ${OTHER_SOURCES}`

const list = (v: Valibot) =>
  v.pipe(
    v.array(v.pipe(v.string(), v.nonEmpty('must not be empty'))),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return
      for (const entry of dataset.value) {
        const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(entry) ?? []
        if (SECRET_NAME.test(key) && value !== '')
          addIssue({ message: SECRET, path: [{ type: 'object', origin: 'value', input: {}, key, value }] })
      }
    }),
    v.transform((env) => ({ env, references: [] as readonly Reference[] })),
  )

/** `[env]`: variables of the box. One key of the files gives the values of both rows. */
export const env = {
  /** `NAME`, or `NAME=VALUE`. What a project chooses passes through the environment of the engine's client. */
  env: row({
    key: 'env',
    meaning: `Environment variables of the sandbox. A secret is named by its place: env:NAME, file:PATH, ${OTHER_SOURCES}`,
    initial: [] as readonly string[],
    divided: (v) =>
      v.union([list(v), table(v)], 'must be a table of environment variables, or a list like ["NAME", "NAME=value"]'),
    rule: 'adds',
    notIn: { managed: 'write it into the config.toml of each user' },
    flags: [
      {
        name: 'env',
        rank: 80,
        valueHint: 'NAME[=VALUE]',
        description: 'Set an environment variable in the sandbox; without a value, yours is passed',
      },
    ],
  }),
  /** Variables whose values lie elsewhere. */
  references: row({ label: 'env', initial: [] as readonly Reference[], rule: 'adds' }),
}
