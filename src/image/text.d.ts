// Files of images/ and squid/ are embedded with `with { type: 'text' }`; most of them have no extension to match.
declare module '*/Dockerfile' {
  const text: string
  export default text
}
declare module '*/check.sh' {
  const text: string
  export default text
}
declare module '*/install-tool' {
  const text: string
  export default text
}
declare module '../../squid/*' {
  const text: string
  export default text
}
