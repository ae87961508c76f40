/** Text for terminals: how wide it is, cut to cut, in colour, and free of what others may have put into it. */

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

const codes: Record<Colour, [number, number]> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** A painter that writes escape codes, or one that leaves text as it is. */
export function painter(color: boolean): Paint {
  if (!color) return (_, text) => text;
  return (colour, text) => (text === '' ? '' : `\u001b[${codes[colour][0]}m${text}\u001b[${codes[colour][1]}m`);
}

/** Control characters (a pod's message could move the cursor or retitle the window) become spaces; runs of spaces one. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const zero = /\p{Mn}/u;

/** Columns that a text without escape codes takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += zero.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

/** The text, cut to `width` columns with `…` when it is wider. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let used = 0;
  for (const character of text) {
    const more = widthOf(character);
    if (used + more > width - 1) break;
    kept += character;
    used += more;
  }
  return `${kept.trimEnd()}…`;
}

/** The text, filled with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** The text in lines of at most `width` columns, broken at spaces; a word that is too long is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = cut(word, width);
  }
  return [...lines, line];
}

export type Cell = { readonly text: string; readonly colour?: Colour };

/** Rows under a head, in columns as wide as their widest cell; the last column is cut at `width`. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  width: number,
  paint: Paint,
): string {
  const all = [head.map((text): Cell => ({ text, colour: 'dim' })), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => widthOf(row[column]?.text ?? ''))));
  return all.map((row) => line(row, widths, width, paint)).join('\n');
}

function line(row: readonly Cell[], widths: readonly number[], width: number, paint: Paint): string {
  let used = 0;
  let out = '';
  let gap = '';
  for (const [column, { text, colour }] of row.entries()) {
    const room = width - used - gap.length;
    if (room < 1 || (text === '' && row.slice(column).every((cell) => cell.text === ''))) break;
    const shown = cut(text, Math.min(room, Math.max(widths[column] ?? 0, 1)));
    out += gap + (colour === undefined ? shown : paint(colour, shown));
    used += gap.length + widthOf(shown);
    const filled = Math.min((widths[column] ?? 0) - widthOf(shown), room - widthOf(shown));
    gap = `${' '.repeat(Math.max(0, filled))}  `;
  }
  return out;
}
