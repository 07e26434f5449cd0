/** The score of a lesson: stars for few commands. Looking around costs nothing; only lines that act are counted. */

export type Stars = 0 | 1 | 2 | 3;

/**
 * Three stars for at most par, two for at most half as many again (and one more at least), one for a way of any length. Who let the
 * solution be typed has learned something, but gets no star.
 *
 * Par 2: three stars for 2 lines, two for 3, one for 4. Par 5: three for 5, two for 6 to 8.
 */
export function stars(used: number, par: number, shown: boolean): Stars {
  if (shown) return 0;
  if (used <= par) return 3;
  return used <= par + Math.max(1, Math.ceil(par / 2)) ? 2 : 1;
}
