import type { Query } from '../plan/query.ts'
import type { Effects } from './execute.ts'
import { capture } from './process.ts'

/** Asks a program; its failure is explained and thrown. Output of a failed call is never parsed. */
export async function ask<T>({ argv, parse }: Query<T>, { explain }: Pick<Effects, 'explain'>): Promise<T> {
  const outcome = await capture(argv)
  if (outcome.code !== 0) throw explain({ argv, outcome })
  return parse(outcome.stdout)
}
