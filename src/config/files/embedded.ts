import schemaText from '../schema.json' with { type: 'text' }
import templateText from '../template.toml' with { type: 'text' }

/** JSON Schema of every file of configuration, made from the one they are read with. */
// Its name makes the compiler take it for the data it holds.
export const schema = schemaText as unknown as string

/** What a new config.toml holds. */
export const template = templateText
