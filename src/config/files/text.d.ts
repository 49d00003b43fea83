// Embedded with `with { type: 'text' }`.
declare module '*/template.toml' {
  const text: string
  export default text
}
