// The program of every hook is embedded with `with { type: 'text' }`.
declare module '*/hook.sh' {
  const text: string
  export default text
}
