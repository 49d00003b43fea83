// What runs in the box is embedded with `with { type: 'text' }`.
declare module '*/limit.sh' {
  const text: string
  export default text
}
