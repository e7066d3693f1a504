// Columns of text, aligned. Pure. Cells are escaped and uncoloured; colours are put on after the widths are known.
import { cutRight, padRight, textWidth } from '../terminal.ts';

export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** One line per row, columns two spaces apart, the last one cut at `columns` when that is not 0. */
export function formatTable(rows: readonly (readonly Cell[])[], columns: number): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, index) =>
    Math.max(0, ...rows.map((row) => textWidth(row[index]?.text ?? ''))),
  );
  return rows.map((row) => formatRow(row, widths, columns));
}

function formatRow(row: readonly Cell[], widths: readonly number[], columns: number): string {
  const lastFilled = row.findLastIndex((cell) => cell.text !== '');
  let used = 0;
  let line = '';
  row.slice(0, lastFilled + 1).forEach(({ text, paint }, index) => {
    const isLast = index === lastFilled;
    const room = columns === 0 ? Infinity : Math.max(8, columns - used);
    const shown = isLast ? cutRight(text, room) : padRight(text, widths[index] ?? 0);
    if (shown === '') return;
    line += (line === '' ? '' : '  ') + (paint === undefined ? shown : paint(shown));
    used += textWidth(shown) + 2;
  });
  return line;
}
