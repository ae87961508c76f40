/** Draws the state machine anew in docs/concepts.md, from the code: `npx node docs/draw.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { drawing, withDrawing } from '../test/architecture/drawing.ts';

const file = new URL('concepts.md', import.meta.url);
writeFileSync(file, withDrawing(readFileSync(file, 'utf8'), drawing()));
