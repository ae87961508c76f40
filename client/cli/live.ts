/** A picture that is redrawn in place on a terminal, and printed again at each change elsewhere. */
import type { Io } from './io.ts';

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
// Terminals that know synchronized output show a frame whole; others ignore the two codes.
const frameBegin = '\u001b[?2026h';
const frameEnd = '\u001b[?2026l';

export type LivePicture = { readonly draw: () => void; readonly end: () => void };

/**
 * `render` gives the picture as it is now, times included; `fingerprint` changes only when something happened. On a
 * terminal the picture is also drawn each second, so that ages and countdowns move.
 */
export function livePicture(io: Io, render: () => string, fingerprint: () => string): LivePicture {
  return io.tty ? onTerminal(io, render) : inLines(io, render, fingerprint);
}

function inLines(io: Io, render: () => string, fingerprint: () => string): LivePicture {
  let last: string | undefined;
  const draw = () => {
    const now = fingerprint();
    if (now === last) return;
    io.out(`${last === undefined ? '' : '\n---\n'}${render()}\n`);
    last = now;
  };
  return { draw, end: () => undefined };
}

function onTerminal(io: Io, render: () => string): LivePicture {
  let shown = '';
  let lines = 0;
  let size = io.size();
  const draw = () => {
    const now = io.size();
    const resized = now.columns !== size.columns || now.rows !== size.rows;
    size = now;
    const picture = clip(render(), now.rows);
    if (picture === shown && !resized) return;
    const start = lines === 0 ? hideCursor : resized ? '\u001b[2J\u001b[H' : `\u001b[${lines}A\r`;
    const body = picture
      .split('\n')
      .map((line) => `${line}\u001b[K\n`)
      .join('');
    io.out(`${frameBegin}${start}${body}\u001b[J${frameEnd}`);
    shown = picture;
    lines = picture.split('\n').length;
  };
  const ticking = setInterval(draw, 1000);
  ticking.unref();
  const restore = () => io.out(showCursor);
  process.once('exit', restore);
  return {
    draw,
    end: () => {
      clearInterval(ticking);
      process.removeListener('exit', restore);
      restore();
    },
  };
}

/** What is taller than the terminal could not be drawn over: the end is left out, and said to be. */
function clip(picture: string, rows: number): string {
  const lines = picture.split('\n');
  const room = Math.max(3, rows - 1);
  if (lines.length <= room) return picture;
  return [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines (make the window taller)`].join('\n');
}
