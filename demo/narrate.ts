/** What the demo prints, and what it claims: a claim that does not hold makes the demo fail. */

export type Narrator = {
  readonly title: (text: string) => void;
  readonly say: (text: string) => void;
  readonly command: (text: string) => void;
  readonly block: (text: string) => void;
  /** Prints a claim with its proof, and remembers whether it held. */
  readonly claim: (text: string, holds: boolean, proof?: string) => void;
  readonly skip: (text: string, why: string) => void;
  readonly color: boolean;
  readonly claims: () => { held: number; failed: string[]; skipped: number };
};

export function narrator(color: boolean, out: (text: string) => void): Narrator {
  const paint = (code: string, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const failed: string[] = [];
  let held = 0;
  let skipped = 0;
  let chapter = 0;
  return {
    color,
    title(text) {
      chapter += 1;
      out(`\n${paint('1;36', `${chapter}. ${text}`)}\n`);
    },
    say: (text) => out(`   ${text}\n`),
    command: (text) => out(`   ${paint('2', `$ ${text}`)}\n`),
    block: (text) => out(`\n${text.replace(/^(?=.)/gm, '     ').trimEnd()}\n\n`),
    claim(text, holds, proof) {
      if (holds) held += 1;
      else failed.push(text);
      const mark = holds ? paint('32', '✔') : paint('1;31', '✖');
      out(`   ${mark} ${text}${proof === undefined ? '' : paint('2', ` (${proof})`)}\n`);
    },
    skip(text, why) {
      skipped += 1;
      out(`   ${paint('33', '–')} ${text}: not measured, ${why}\n`);
    },
    claims: () => ({ held, failed, skipped }),
  };
}

/** A table with aligned columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * Is a share of `hits` in `total` what `percent` asks for, within what chance allows? Four standard deviations: a right
 * split is called wrong once in some ten thousand times; half a percent is allowed on top, since requests that were under
 * way at the edges of the measurement belong to neither side.
 */
export function isShare(hits: number, total: number, percent: number): boolean {
  if (total === 0) return false;
  const share = percent / 100;
  const deviation = Math.sqrt((share * (1 - share)) / total);
  return Math.abs(hits / total - share) <= 4 * deviation + 0.005;
}
