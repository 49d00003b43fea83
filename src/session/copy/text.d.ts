// What runs in the box is embedded with `with { type: 'text' }`.
declare module '*/in.sh' {
  const text: string
  export default text
}
declare module '*/out.sh' {
  const text: string
  export default text
}
