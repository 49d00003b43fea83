// The script of a session is embedded with `with { type: 'text' }`.
declare module '*/session.sh' {
  const text: string
  export default text
}
