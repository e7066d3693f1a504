// Lists of log lines, newest first by effective time, read a few at a time. The position of an item: time and leaf of
// its line, and how many items of that line were told.
import { formatJson } from '../json/format.ts';
import type { LineFormats } from '../answers/log-items.ts';
import type { LogPage, Page } from '../store/queries-list.ts';
import type { Queries } from '../store/queries.ts';
import { cursorRefused, type List } from './list.ts';

/** Lines are read so many at a time. */
const CHUNK_LINES = 20;

/** `csvHead`: undefined where there is no CSV. */
export function listLines(
  queries: Queries,
  read: (page: Page) => LogPage,
  formats: LineFormats,
  csvHead?: string,
): List {
  return {
    is: 'list',
    ...(csvHead === undefined ? {} : { csvHead }),
    *items(format, from) {
      const start = from === undefined ? undefined : parsePosition(from);
      let before = start && { effectiveMs: start.effectiveMs, leafIndex: start.leafIndex + 1 };
      let skipped = start?.told ?? 0;
      for (;;) {
        const page = queries.atOneMoment(() => {
          const found = read({ limit: CHUNK_LINES, ...(before === undefined ? {} : { before }) });
          const texts = found.lines.map((line) =>
            format === 'csv' ? formats.csv(line) : formats.json(line).map(formatJson),
          );
          return { ...found, texts };
        });
        for (const [index, texts] of page.texts.entries()) {
          const at = page.positions[index];
          for (const [told, text] of [...texts.entries()].slice(skipped)) {
            yield { text, after: `${at?.effectiveMs}.${at?.leafIndex}.${told + 1}` };
          }
          skipped = 0;
        }
        if (page.next === undefined) return;
        before = page.next;
      }
    },
  };
}

function parsePosition(text: string): { effectiveMs: number; leafIndex: number; told: number } {
  const numbers = /^(-?[0-9]{1,15})\.([0-9]{1,15})\.([0-9]{1,7})$/u.exec(text)?.slice(1).map(Number);
  const [effectiveMs, leafIndex, told] = numbers ?? [];
  if (effectiveMs === undefined || leafIndex === undefined || told === undefined) throw cursorRefused();
  return { effectiveMs, leafIndex, told };
}
