import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clean, cut, painter, table, widthOf, wrap } from '../../client/cli/text.ts';
import { age, away, clock, parseSpan, span } from '../../client/cli/time.ts';

describe('text for terminals', () => {
  it('is cut to fit, and left alone when it fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(widthOf(cut(text, width))).toBeLessThanOrEqual(width);
        if (widthOf(text) <= width) expect(cut(text, width)).toBe(text);
      }),
    );
    expect(cut('发布正在等待', 5)).toBe('发布…');
  });

  it('is wrapped without losing a word that fits', () => {
    expect(wrap('one two three four', 9)).toEqual(['one two', 'three', 'four']);
    expect(wrap('one', Number.POSITIVE_INFINITY)).toEqual(['one']);
    const words = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 30 }), (all, width) =>
        expect(wrap(all.join(' '), width).join(' ')).toBe(all.join(' ')),
      ),
    );
  });

  it('is free of control characters', () => {
    expect(clean('a\u001b[31mb\r\n\tc\u202e')).toBe('a [31mb c');
  });

  it('stands in columns that line up', () => {
    const rows = [
      [{ text: '发布' }, { text: 'x', colour: 'red' as const }],
      [{ text: 'abc' }, { text: 'yy' }],
    ];
    expect(table(['A', 'B'], rows, 80, painter(false))).toBe('A     B\n发布  x\nabc   yy');
    expect(table(['A', 'B'], rows, 80, painter(true))).toContain('\u001b[31mx\u001b[39m');
  });
});

describe('times', () => {
  const now = Date.parse('2026-11-21T04:00:00Z');

  it('are told in their two largest units', () => {
    expect([0, 59_999, 60_000, 192_000, 7_320_000, 273_600_000, -5].map(span)).toEqual([
      '0s',
      '59s',
      '1m',
      '3m12s',
      '2h2m',
      '3d4h',
      '0s',
    ]);
    expect([age(undefined, now), age('nonsense', now), age('2026-11-21T03:59:00Z', now)]).toEqual(['-', '-', '1m']);
    expect([away('2026-11-21T04:01:00Z', now), away('2026-11-21T03:59:59Z', now)]).toEqual(['in 1m', '1s ago']);
    expect([clock('2026-11-21T01:02:03.456Z', now), clock('2026-11-20T01:02:03Z', now), clock('soon', now)]).toEqual([
      '01:02:03Z',
      '2026-11-20 01:02:03Z',
      'soon',
    ]);
  });

  it('are read as people write them', () => {
    expect(['90', '90s', '10m', '1h30m', '500ms', '1.5h'].map(parseSpan)).toEqual([
      90_000, 90_000, 600_000, 5_400_000, 500, 5_400_000,
    ]);
    for (const text of ['', '10x', 'm', '-5s', '10 m', '1h-1m'])
      expect(() => parseSpan(text)).toThrow(/is not a time span/);
  });

  it('mean the same after being told and read', () => {
    const whole = fc
      .integer({ min: 0, max: 86_399 })
      .map((seconds) => (seconds < 3600 ? seconds : seconds - (seconds % 60)) * 1000);
    fc.assert(fc.property(whole, (ms) => expect(parseSpan(span(ms))).toBe(ms)));
  });
});
