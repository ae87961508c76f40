/**
 * Records the golden histories anew, from real releases on an embedded stack of its own (under two minutes):
 * `npm exec -- node test/replay/record.ts [story …]`. Wanted whenever replay.test.ts says that the workflow's code has
 * taken another way and that is meant. Releases under way move to the newest build, so a change of their path wants
 * `patched` from the first release on.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from '../../client/index.ts';
import { down, find } from '../../dev/stack.ts';
import { folder, goldenHistories, recorded } from './histories.ts';

process.env.SLUICE_TEST_STACK ??= 'replay';
const kept = find(process.env.SLUICE_TEST_STACK) !== undefined;
if (!kept) process.env.SLUICE_TEST_PACKETS = '0';
const { default: setup } = await import('../support/global-setup.ts');
const { stories, Teller } = await import('./stories.ts');

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in stories));
if (unknown.length > 0)
  throw new Error(`no such story: ${unknown.join(', ')} (there are ${Object.keys(stories).join(', ')})`);

if (kept) process.env.SLUICE_TEST_KEEP = '1';
await setup();
const connected = await connect();
try {
  for (const [name, story] of Object.entries(stories)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const began = Date.now();
    const teller = await Teller.open(name, connected.client, story.options);
    try {
      await story.tell(teller);
      const runs = await recorded(connected.client, teller.workflowId);
      for (const old of goldenHistories().keys()) if (old.replace(/-\d+$/, '') === name) rmSync(`${folder}${old}.json`);
      for (const [index, text] of runs.entries()) {
        writeFileSync(`${folder}${name}-${index + 1}.json`, text);
        const events = text.split('\n').length - 3;
        console.log(`${name}-${index + 1}: ${events} events, ${Math.round(text.length / 1024)} KiB`);
      }
      console.log(`  ${story.about} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } finally {
      await teller.close();
    }
  }
} finally {
  await connected.close();
  if (!kept) await down({ name: process.env.SLUICE_TEST_STACK });
}
process.exit(0);
