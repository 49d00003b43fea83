// The probes' scripts are embedded with `with { type: 'text' }`.
declare module '*/box.sh' {
  const text: string
  export default text
}
declare module '*/helper.sh' {
  const text: string
  export default text
}
declare module '*/witness.pl' {
  const text: string
  export default text
}
