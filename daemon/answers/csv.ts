// Comma-separated values (RFC 4180) that a spreadsheet does not take for formulas. Pure.

/** One line with CRLF. */
export function formatCsvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(formatCell).join(',')}\r\n`;
}

function formatCell(cell: string | number): string {
  if (typeof cell === 'number') return String(cell);
  // A cell that begins like a formula would run in the reader's spreadsheet: a leading quote keeps it text.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
