// The box's first program is embedded with `with { type: 'text' }`.
declare module '*/entry.sh' {
  const text: string
  export default text
}
