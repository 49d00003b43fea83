import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/**
 * Renews a Mach-O program's signature in place as an ad-hoc one. `bun build` writes its own for arm64,
 * but for x64 it leaves the runtime's, whose page hashes no longer hold once the program is embedded.
 */
export async function signAdHoc(file: string): Promise<void> {
  const bytes = await readFile(file)
  const signature = bytes.subarray(signatureOffset(bytes))
  // Drops the slots of the runtime's own signer; what remains keeps its place. Slot 0 is the code directory.
  const slots = signature.readUInt32BE(8)
  const cms = slotType(signature, slots - 1)
  if (cms === 0x10000) signature.writeUInt32BE(slots - 1, 8)
  const directory = signature.subarray(signature.readUInt32BE(16))
  if (slotType(signature, 0) !== 0 || directory.readUInt32BE(0) !== 0xfade0c02) throw new Error(`${file} has no code directory`)
  directory.writeUInt32BE(0x2, 12) // flags: ad-hoc, without the runtime's hardening
  hashPages(bytes, directory)
  await writeFile(file, bytes)
}

const slotType = (signature: Buffer, slot: number) => signature.readUInt32BE(12 + 8 * slot)

/** Where LC_CODE_SIGNATURE says the signature begins. */
function signatureOffset(bytes: Buffer): number {
  const count = bytes.readUInt32LE(16)
  for (let command = 0, at = 32; command < count; command++, at += bytes.readUInt32LE(at + 4))
    if (bytes.readUInt32LE(at) === 0x1d) return bytes.readUInt32LE(at + 8)
  throw new Error('a Mach-O program without a signature')
}

function hashPages(bytes: Buffer, directory: Buffer): void {
  const [hashes, pages, limit] = [directory.readUInt32BE(16), directory.readUInt32BE(28), directory.readUInt32BE(32)]
  const [hashSize, pageSize] = [directory.readUInt8(36), 2 ** directory.readUInt8(39)]
  for (let page = 0; page < pages; page++) {
    const content = bytes.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit))
    createHash('sha256')
      .update(content)
      .digest()
      .copy(directory, hashes + page * hashSize, 0, hashSize)
  }
}
