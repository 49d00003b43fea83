/** A value that prints as dots wherever text is made of it. Only `reveal` gives it away. */
export type Secret = {
  readonly kind: 'secret'
  readonly reveal: () => string
  readonly toString: () => string
  readonly toJSON: () => string
}

export const DOTS = '••••••'

/** Wraps a value so that templates, JSON and inspection show dots. */
export function secret(value: string): Secret {
  const dots = () => DOTS
  return Object.freeze({
    kind: 'secret',
    reveal: () => value,
    toString: dots,
    toJSON: dots,
    [Symbol.for('nodejs.util.inspect.custom')]: dots,
  })
}
