/** The score of a lesson: stars for few commands. Looking around costs nothing; only commands that act are counted. */

export type Stars = 0 | 1 | 2 | 3;

/**
 * Three stars within par, two up to half more than that, else one: the same rule as `podarium lesson` has. None is left for who let the
 * solution be typed.
 *
 * Par 4: three for up to 4 commands, two for 5 or 6, one for more.
 */
export function stars(used: number, par: number): Stars {
  if (used <= par) {
    return 3;
  }
  return used <= par + Math.ceil(par / 2) ? 2 : 1;
}
