export type Table = Readonly<Record<string, unknown>>

/** Names that become folders. */
export const isName = (name: string): boolean => /^[\w.-]{1,100}$/.test(name) && !/^\.+$/.test(name)

export const table = (value: unknown): Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {}

export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

/** An object of JSON, and what is wrong with a file that holds none. */
export function parsed(text: string | null, name: string): readonly [Table, readonly string[]] {
  if (text === null || text.trim() === '') return [{}, []]
  try {
    return [table(JSON.parse(text)), []]
  } catch {
    return [{}, [`${name} (not valid JSON)`]]
  }
}
