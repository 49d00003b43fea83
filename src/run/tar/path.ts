/** Without `./` in front; refused when it leads anywhere but into the archive's own folder, or no file system takes it. */
export function plainPath(path: string, fault: (what: string) => Error): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.some((part) => Buffer.byteLength(part) > 255)) throw fault('holds a file whose name is too long')
  if (path.startsWith('/') || parts.includes('..') || /[\0\\\n]/.test(path) || Buffer.byteLength(path) > 1024)
    throw fault(`holds a file outside its own folder: ${path}`)
  return parts.join('/')
}

/** No path is a file and the folder of another. */
export function refuseBoth(files: Iterable<string>, all: Iterable<string>, fault: (what: string) => Error): void {
  const isFile = new Set(files)
  for (const path of all)
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      if (isFile.has(path.slice(0, at))) throw fault(`holds a file and a folder of the same name: ${path.slice(0, at)}`)
}
