/** Something that is done in the box before its agent starts, or beside it. */
export type LifecycleStep =
  /** A variable made of others of the box: `${containerEnv:PATH}:/opt/bin`. */
  | { readonly kind: 'export'; readonly name: string; readonly value: string }
  /** A name in /workspaces, where other tools have the project, that leads to its folder. */
  | { readonly kind: 'link'; readonly name: string; readonly folder: string }
  | {
      readonly kind: 'run'
      readonly stage: string
      /** Those of a stage run side by side, by name; '' for the only one. */
      readonly name: string
      /** Once for a project and what it says, else at each start. */
      readonly once: boolean
      /** The agent does not wait for it. */
      readonly background: boolean
      readonly folder: string
      /** A text is a shell's. */
      readonly command: string | readonly string[]
    }
