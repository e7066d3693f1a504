// Facts of terminals: what may be printed raw, how wide it is, and the few colours we use. Pure: whether there is a
// terminal, and how wide, comes from the caller. Everything that was read from a state or a record passes escapeText.

export interface Palette {
  readonly added: Paint;
  readonly changed: Paint;
  readonly removed: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
  readonly warning: Paint;
}

type Paint = (text: string) => string;

/** Plain text when `isColored` is false. */
export function createPalette(isColored: boolean): Palette {
  const paint =
    (code: number): Paint =>
    (text) =>
      isColored && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  return {
    added: paint(32),
    changed: paint(33),
    removed: paint(31),
    dim: paint(2),
    bold: paint(1),
    warning: paint(35),
  };
}

/**
 * What could move the cursor, reorder or hide text: control and format characters, bidi overrides, lone surrogates,
 * private and unassigned code points, line separators, spaces other than U+0020, characters that draw nothing.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u115f\u1160\u3164\uffa0\u2800\u034f\u180b-\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;

/** More marks on one letter than any script needs: they would draw over neighbouring lines. */
const STACKED_MARKS = /(?<=\p{M}{4})\p{M}/gu;

/** Text with every unprintable character visible as \u{hex}; a tab or a newline too. */
export function escapeText(text: string): string {
  return text.replace(UNPRINTABLE, visible).replace(STACKED_MARKS, visible);
}

/** JSON text that is safe to print: the same escapes, as JSON writes them. Only valid inside strings, where they are. */
export function escapeJsonText(json: string): string {
  return json.replace(UNPRINTABLE, jsonEscape).replace(STACKED_MARKS, jsonEscape);
}

/** Columns the text takes on a terminal; `text` is already escaped and without colours. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

export function padRight(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

/** At most `columns` wide, with … where something was cut from the end. */
export function cutRight(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = '';
  let width = 1;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

const MARK = /^\p{M}$/u;
/** East Asian wide and full-width forms, and emoji: two columns. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

function characterWidth(character: string): number {
  if (character < '\u0300') return 1;
  if (MARK.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

function visible(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function jsonEscape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
