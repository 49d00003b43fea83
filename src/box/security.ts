import type { Security } from './spec.ts'

export const HARDENED: Security = { readOnlyRoot: true, noNewPrivileges: true, seccomp: 'default' }

export const switches = Object.keys(HARDENED) as readonly (keyof Security)[]
