import type { Plan, Step } from '../../src/plan/plan.ts'

/** Every step of a plan, however deep. */
export const flat = (plan: Plan): readonly Step[] =>
  plan.flatMap((step): readonly Step[] => {
    switch (step.kind) {
      case 'together':
        return [step, ...flat(step.trailing ?? []), ...step.lanes.flatMap(flat), ...flat(step.rescue ?? [])]
      case 'guard':
        return [step, ...flat(step.steps)]
      case 'exec':
        return [step, ...flat(step.rescue ?? [])]
      default:
        return [step]
    }
  })
