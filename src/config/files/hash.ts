export const hashOf = (content: Uint8Array | string): string => new Bun.CryptoHasher('sha256').update(content).digest('hex')
