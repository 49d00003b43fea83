import { connect } from 'node:net'

/** Whether something answers on a Unix socket: 'denied' when it is not ours to ask, 'dead' when nobody listens. */
export function reach(path: string): Promise<'alive' | 'denied' | 'dead'> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (answer: 'alive' | 'denied' | 'dead') => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(2000, () => end('dead'))
    socket.once('connect', () => end('alive'))
    socket.once('error', ({ code }: { code?: string }) => end(code === 'EACCES' || code === 'EPERM' ? 'denied' : 'dead'))
  })
}
