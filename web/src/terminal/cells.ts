/** Where text comes to stand on a terminal's grid of cells. */

/** Characters that take two cells, as xterm counts them: East Asian wide and fullwidth ones, and emoji. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
/** Characters that take none: what combines with the one before. */
const NONE = /^(?:\p{Mn}|\p{Me}|\p{Cf})/u;

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Where the cursor is after a text that begins at the left edge of a grid so many columns wide. */
export function after(text: string, columns: number): Cell {
  let row = 0;
  let column = 0;
  for (const char of text) {
    const width = NONE.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
    if (column + width > columns) {
      row += 1;
      column = 0;
    }
    column += width;
  }
  return column === columns ? { row: row + 1, column: 0 } : { row, column };
}
