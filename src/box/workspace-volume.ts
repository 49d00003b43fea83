/** A volume with the workspace of a session, and what it takes to look into it without its box. */
export type WorkspaceVolume = {
  readonly name: string
  /** Its place in the box: that of the project. */
  readonly root: string
  readonly image: string
  readonly uid: number
  readonly gid: number
  readonly selinux: boolean
}
