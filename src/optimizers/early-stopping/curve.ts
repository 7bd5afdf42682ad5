/** What a trial has measured so far. */
export interface Curve {
  /** Tokens ascending; of the objective, lower is better. */
  readonly points: readonly Point[]
  /** Whether the trial has come to its end, whatever that was. */
  readonly ended: boolean
}

export interface Point {
  readonly tokens: number
  readonly objective: number
}

/** The points that say something. */
export function measured({ points }: Curve): readonly Point[] {
  return points.filter(({ objective }) => Number.isFinite(objective))
}

/** How far a trial has been measured; 0 before its first measurement. */
export function tokensOf(points: readonly Point[]): number {
  return points.at(-1)?.tokens ?? 0
}

export const tokenText = (tokens: number) => `${tokens.toLocaleString('en')} tokens`

export const objectiveText = (objective: number) => String(Number(objective.toPrecision(5)))

/** Why no trial is compared yet. */
export function tooFew(found: number, needed: number, tokens: number): string {
  const others = found === 1 ? '1 other trial has' : `${found} other trials have`
  return `Only ${others} been measured up to ${tokenText(tokens)}; the rule asks for ${needed}.`
}
