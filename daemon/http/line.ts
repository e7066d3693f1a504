// Stored lines on their way out. They are spliced in as they are, so that no digit of a number is lost; a line that
// is not one JSON object was damaged in the database, and must not break the answer around it.

/** The exact text of a line that holds one JSON object; undefined when it is anything else. */
export function lineText(line: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? text : undefined;
  } catch {
    return undefined;
  }
}
