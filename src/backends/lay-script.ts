import { quote } from '../plan/shell.ts'

/** Lines of bash that write these files below its folder, where their folders are. What has no newline at its end gets one. */
export function layLines(files: Readonly<Record<string, string>>): readonly string[] {
  const end = `END-${new Bun.CryptoHasher('sha256').update(JSON.stringify(files)).digest('hex')}`
  const folders = new Set(Object.keys(files).map((path) => path.split('/').slice(0, -1).join('/')))
  const text = (content: string) => (content === '' || content.endsWith('\n') ? content : `${content}\n`)
  return [
    ...[...folders].filter(Boolean).map((path) => `mkdir -p ${quote(path)}`),
    ...Object.entries(files).map(([path, content]) => `cat >${quote(path)} <<'${end}'\n${text(content)}${end}`),
  ]
}

/** Tells the proxy for how many seconds somebody is there, by the clock over there. Whole at once, since it is read several times a second. */
export const thereScript = (policy: string): string =>
  `cd ${policy} && while read -r seconds; do echo "$((EPOCHSECONDS + seconds))" >there.$$ && mv -f there.$$ there; done`
