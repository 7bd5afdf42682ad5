/** No weights that this folder returns violate a constraint by more than this. */
export const VIOLATION_TOLERANCE = 1e-9

/**
 * A space counts as non-empty when its constraints miss each other by at most this much in total, so that caps which
 * sum to 1 − 1e-12 are not refused for rounding. Half of the violation allowed, to leave room for arithmetic.
 */
export const FEASIBILITY_TOLERANCE = VIOLATION_TOLERANCE / 2

/** How far apart a domain's weights may be in mixtures that are one and the same to a study. */
export const SAME_WEIGHT = 1e-6

/** Mixtures no further apart than this in L1 are the same trial to a method: trainers' samplers do not tell them apart. */
export const SAME_MIXTURE = 1e-3
