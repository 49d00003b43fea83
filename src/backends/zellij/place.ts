/** Folder of a session's folder with all that zellij needs for it, and has of it. */
export const RUN = 'zellij'

/** The script that does everything with a session. */
export const scriptOf = (folder: string): string => `${folder}/${RUN}/session.sh`

/** Bytes that the kernel takes for the path of a socket, less its final NUL; macOS takes the fewest. */
const LONGEST = 103

/** Whether zellij can listen in the folder of a session: `session.sh` has the same names. */
export const fitsSocket = (folder: string): boolean => Buffer.byteLength(`${folder}/z/contract_version_1/paude`) <= LONGEST
