// Reads keys the engine's JSON.parse may confuse. Slow and plain; only for texts JSON.parse has accepted.
//
// V8 (12.8 to 14.6 at least; nodejs/node issue 63785) may take an escaped key for an earlier key of any text parsed
// before, when that key equals the raw start of the escaped one: after {"z":0,"\\":1}, {"z":0,"\"":1} gives "\".
import { NumberText, type Json } from './value.ts';

/** True when a key holds a backslash: only then can the engine have confused an escaped key. */
export function hasBackslashKey(container: object): boolean {
  for (const [key, value] of Object.entries(container) as [string, unknown][]) {
    if (key.includes('\\')) return true;
    if (typeof value === 'object' && value !== null && hasBackslashKey(value)) return true;
  }
  return false;
}

/** The tree of a text that JSON.parse accepts and that is nested no deeper than the stack allows. */
export function parseExact(text: string): Json {
  return new ExactReader(text).readValue();
}

/** Trusts the grammar of its text throughout: the engine has checked it. */
class ExactReader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  readValue(): Json {
    this.skipSpace();
    switch (this.text[this.at]) {
      case '{':
        return this.readObject();
      case '[':
        return this.readArray();
      case '"':
        return this.readString();
      case 't':
        return this.readWord('true', true);
      case 'f':
        return this.readWord('false', false);
      case 'n':
        return this.readWord('null', null);
      default:
        return this.readNumber();
    }
  }

  private readObject(): Json {
    const entries: [string, Json][] = [];
    while (this.hasNext('}')) {
      const key = this.readString();
      this.skipSpace();
      this.at += 1;
      entries.push([key, this.readValue()]);
    }
    return Object.fromEntries(entries);
  }

  private readArray(): Json {
    const elements: Json[] = [];
    while (this.hasNext(']')) elements.push(this.readValue());
    return elements;
  }

  /** Steps over the opening bracket or a comma to the next element, or over the closing bracket. */
  private hasNext(close: string): boolean {
    this.skipSpace();
    const isOver = this.text[this.at] === close;
    if (!isOver) {
      this.at += 1;
      this.skipSpace();
    }
    if (!isOver && this.text[this.at] !== close) return true;
    this.at += 1;
    return false;
  }

  /** A string on its own is never confused. */
  private readString(): string {
    const start = this.at;
    let end = this.text.indexOf('"', start + 1);
    while (this.isEscaped(end)) end = this.text.indexOf('"', end + 1);
    this.at = end + 1;
    const inner = this.text.slice(start + 1, end);
    return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
  }

  private isEscaped(quote: number): boolean {
    let at = quote;
    while (this.text[at - 1] === '\\') at -= 1;
    return (quote - at) % 2 === 1;
  }

  private readNumber(): Json {
    const token = this.match(/[-+.0-9eE]+/y);
    const value = Number(token);
    return String(value) === token ? value : new NumberText(token);
  }

  private readWord<Word extends Json>(word: string, value: Word): Word {
    this.at += word.length;
    return value;
  }

  private skipSpace(): void {
    this.match(/[ \t\r\n]*/y);
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }
}
