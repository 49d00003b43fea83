// What the boxes of an agent run is embedded with `with { type: 'text' }`.
declare module '*/home.sh' {
  const text: string
  export default text
}
declare module '*/conversation.sh' {
  const text: string
  export default text
}
declare module '*/own-file.sh' {
  const text: string
  export default text
}
declare module '*/hook.sh' {
  const text: string
  export default text
}
declare module '*/gemini/gemini' {
  const text: string
  export default text
}
declare module '*/imported.sh' {
  const text: string
  export default text
}
declare module '*/login.sh' {
  const text: string
  export default text
}
