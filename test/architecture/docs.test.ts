/** What the documents say is so: links, commands, manifests, messages, and the drawing. */
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { processIo } from '../../client/cli/io.ts';
import { buildProgram } from '../../client/cli/program.ts';
import { parseRollout } from '../../spec/rollout.ts';
import { drawing, explore, membersOf, withDrawing } from './drawing.ts';
import { roomOf, rooms } from './rules.ts';
import { filesIn, resolved, type SourceFile } from './source.ts';

const all = filesIn();
const documents = all.filter(({ path }) => path === 'README.md' || (path.startsWith('docs/') && path.endsWith('.md')));
const document = (path: string): SourceFile => {
  const found = documents.find((file) => file.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
};

/** The code blocks of a document, by the language they name. */
function blocksOf({ text }: SourceFile, ...languages: string[]): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, language = '']) => languages.includes(language))
    .map(([, , block = '']) => block);
}

/** Command lines of `sluice` in shell blocks, as words. */
function commandsOf(file: SourceFile): string[][] {
  return blocksOf(file, 'sh')
    .flatMap((block) => block.replaceAll('\\\n', ' ').split(/\n|&&|\$\(/))
    .flatMap((line) => /(?:^|\s)(?:npx )?sluice (.+)$/.exec(line.replace(/\s#.*$/, ''))?.[1] ?? [])
    .map((line) =>
      line
        .replace(/[)"&\s]+$/, '')
        .trim()
        .split(/\s+/),
    );
}

describe('the documents', () => {
  it('are all there', () => {
    expect(documents.map(({ path }) => path)).toEqual(
      expect.arrayContaining(
        ['concepts', 'first-release', 'cli', 'compatibility', 'troubleshooting', 'performance', 'decisions'].map(
          (name) => `docs/${name}.md`,
        ),
      ),
    );
  });

  it('link to files that are there', () => {
    const paths = new Set(all.map(({ path }) => path));
    const broken = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !paths.has(resolved(path, link)))
        .map((link) => `${path} links to ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('use commands and options that there are', async () => {
    const { program } = await buildProgram(processIo('sluice'), true);
    const wrong: string[] = [];
    let used = 0;
    for (const file of documents) {
      for (const words of commandsOf(file)) {
        used += 1;
        let command = program;
        for (const word of words) {
          const sub = command.commands.find((one) => one.name() === word);
          if (sub === undefined) break;
          command = sub;
        }
        const line = `${file.path}: sluice ${words.join(' ')}`;
        if (command === program || command.commands.length > 0) wrong.push(line);
        for (const option of words.filter((word) => word.startsWith('-')))
          if (
            ![...command.options, ...program.options].some(({ long, short }) =>
              [long, short].includes(option.split('=')[0]),
            )
          )
            wrong.push(`${line} (${option})`);
      }
    }
    expect(wrong).toEqual([]);
    expect(used).toBeGreaterThan(10);
  });

  it('use npm scripts that there are', () => {
    const { scripts } = JSON.parse(all.find(({ path }) => path === 'package.json')?.text ?? '') as { scripts: object };
    const used = documents.flatMap(({ text }) =>
      [...text.matchAll(/npm (?:run (\w+)|(test)\b)/g)].map(([, run, test]) => run ?? test),
    );
    expect(used.length).toBeGreaterThan(3);
    for (const script of used) expect(Object.keys(scripts)).toContain(script);
  });

  it('show Rollouts that are understood as they stand', () => {
    const yaml = [
      ...documents.flatMap((file) => blocksOf(file, 'yaml')),
      ...all.filter(({ path }) => path.startsWith('docs/examples/')).map(({ text }) => text),
    ];
    const rollouts = yaml
      .flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as { kind?: string }))
      .filter((object) => object.kind === 'Rollout');
    expect(rollouts.length).toBeGreaterThan(1);
    for (const rollout of rollouts) expect(parseRollout(rollout).problems).toEqual([]);
  });

  it('quote messages that the code has', () => {
    const product = all
      .filter(({ path }) => rooms[roomOf(path)] !== undefined || path.startsWith('dev/'))
      .map(({ text }) => text.replaceAll(/\s+/g, ' '))
      .join('\n');
    const headings = [...document('docs/troubleshooting.md').text.matchAll(/^### (.*)$/gm)].map(
      ([, heading = '']) => heading,
    );
    const quoted = headings.flatMap((heading) => [...heading.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));
    const messages = quoted.filter((text) => !text.startsWith('kubectl '));
    expect(messages.length).toBeGreaterThan(25);
    const pieces = messages.flatMap((text) =>
      text.split('…').map((piece) => piece.replaceAll(/^[\s():;."]+|[\s():;."]+$/g, '')),
    );
    expect(pieces.filter((piece) => piece.length > 6 && !product.includes(piece))).toEqual([]);
  });
});

describe('the state machine', () => {
  it('in docs/concepts.md is the one in the code (npx node docs/draw.ts draws it anew)', () => {
    const { text } = document('docs/concepts.md');
    expect(text).toBe(withDrawing(text, drawing()));
  });

  it('is led through every step state and every ending', () => {
    const { edges, actions } = explore();
    for (const reason of membersOf('domain/release.ts', 'FinaliseReason')) expect(actions.has(reason)).toBe(true);
    const drawn = drawing();
    for (const state of membersOf('domain/view.ts', 'StepState')) expect(drawn).toMatch(new RegExp(`\\b${state}\\b`));
    // Every ending leads somewhere: to the end, to a decision, or to the next version.
    for (const reason of membersOf('domain/release.ts', 'FinaliseReason'))
      expect(edges.filter(({ from }) => from === reason).length).toBeGreaterThan(0);
  });

  it('is not drawn into a document without a place for it', () => {
    expect(() => withDrawing('# Nothing', 'x')).toThrow('lacks');
  });
});
