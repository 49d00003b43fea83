/** Longest wait, in milliseconds. */
const PATIENCE = 2000

/**
 * Whether something answers on a Unix socket: 'denied' when it is not ours to ask, 'dead' when nobody listens.
 * Bun's own connection, not node:net: loading that takes a start 1.2 ms.
 */
export function reach(path: string): Promise<'alive' | 'denied' | 'dead'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('dead'), PATIENCE)
    const end = (answer: 'alive' | 'denied' | 'dead') => {
      clearTimeout(timer)
      resolve(answer)
    }
    Bun.connect({
      unix: path,
      socket: {
        open: (socket) => {
          socket.terminate()
          end('alive')
        },
        data: () => undefined,
      },
    }).catch(({ code }: { code?: string }) => end(code === 'EACCES' || code === 'EPERM' ? 'denied' : 'dead'))
  })
}
