// Files embedded with `with { type: 'text' }`; a new kind of file in images/ or squid/ needs its pattern here.
declare module '*/Dockerfile' {
  const text: string
  export default text
}
declare module '*.sh' {
  const text: string
  export default text
}
declare module '*.conf' {
  const text: string
  export default text
}
declare module '*.cfg' {
  const text: string
  export default text
}
declare module '*.txt' {
  const text: string
  export default text
}
