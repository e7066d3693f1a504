// Every form in which a known secret may stand elsewhere: encoded, escaped, trimmed, or line by line. One function,
// so that what the taint recognises is decided in one place. Pure text; knows nothing of keys.
import { Buffer } from 'node:buffer';
import { formatHclString } from '../terraform/hcl-string.ts';

/** Shorter lines of a multi-line secret are too common to be told from other text. */
export const MIN_LINE_UNITS = 16;
/** Above this length (64 Ki units) only the forms that take no copy are derived: nothing real embeds such a secret. */
const MAX_ENCODED_UNITS = 65_536;
const MAX_LINES = 4096;

/** Forms of a secret other than itself, without duplicates, in no order. Some are not longer than the secret. */
export function derivedForms(secret: string): string[] {
  const text = secret.toWellFormed();
  const encoded = text.length > MAX_ENCODED_UNITS ? [] : encodedForms(text);
  const forms = new Set([...encoded, ...normalForms(secret), ...lineForms(secret)]);
  forms.delete(secret);
  forms.delete('');
  return [...forms];
}

function encodedForms(text: string): string[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  return [...base64Forms(bytes), ...percentForms(text), ...jsonForms(text), ...hclForms(text), hex, hex.toUpperCase()];
}

/** ASCII is the same in every normal form. */
const NEEDS_NORMALIZING = /[^\0-\u007f]/;

function normalForms(text: string): string[] {
  if (!NEEDS_NORMALIZING.test(text)) return [text.trim()];
  return [text.trim(), text.normalize('NFC'), text.normalize('NFD')];
}

/** The whole encoding, and what of it stays the same at each of three offsets inside a longer one; both alphabets. */
function base64Forms(bytes: Buffer): string[] {
  const whole = bytes.toString('base64');
  const forms = [whole, whole.replace(/=+$/, ''), ...[0, 1, 2].map((offset) => stableBase64(bytes, offset))];
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** Sextets made of these bytes alone, when `offset` (mod 3) bytes of something else stand before them. */
function stableBase64(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  return text.slice(first, end);
}

/** As encodeURIComponent, RFC 3986 strictly (and Go), HTML forms (`~` too, not `*`), and encodeURI write it. */
const ALSO_ENCODED = [/[!'()*]/g, /[!'()~]/g, /[!'()*~]/g];

/** Percent-encoded, blanks as %20 and as `+`, hex in both cases. */
function percentForms(text: string): string[] {
  if (/^[A-Za-z0-9_.-]*$/.test(text)) return [];
  const component = encodeURIComponent(text);
  const encode = (mark: string): string => '%' + mark.charCodeAt(0).toString(16).toUpperCase();
  const percent = [component, ...ALSO_ENCODED.map((marks) => component.replace(marks, encode)), encodeURI(text)];
  const forms = [...percent, ...percent.map((form) => form.replaceAll('%20', '+'))];
  return [...forms, ...forms.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** Inside a JSON string, and inside a JSON string within one; as JavaScript writes it and as Go does (`<` as \u003c). */
function jsonForms(text: string): string[] {
  if (PLAIN.test(text) && !/[<>&]/.test(text)) return [];
  return [insideJson, insideGoJson].flatMap((escape) => [escape(text), escape(escape(text))]);
}

function insideJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function insideGoJson(text: string): string {
  const escape = (mark: string): string => '\\u' + mark.charCodeAt(0).toString(16).padStart(4, '0');
  return insideJson(text).replace(/[<>&\u2028\u2029]/g, escape);
}

/** Printable ASCII without quote, backslash or template marks: HCL and JSON write it as it is. */
const PLAIN = /^(?:[ !#-[\]-~](?<![$%](?=\{)))*$/;

/** With template marks doubled, and inside a quoted HCL string. */
function hclForms(text: string): string[] {
  if (PLAIN.test(text)) return [];
  return [text.replace(/[$%](?=\{)/g, (mark) => mark + mark), formatHclString(text).slice(1, -1)];
}

/** Lines of a multi-line secret (a PEM body, a script), without the frame lines of a PEM; and the lines as one. */
function lineForms(secret: string): string[] {
  if (!/[\r\n]/.test(secret)) return [];
  const lines = secret.split(/\r\n|[\r\n]/).slice(0, MAX_LINES);
  const inner = lines.map((line) => line.trim()).filter((line) => !/^-----(?:BEGIN|END) /.test(line));
  const ends = ['\n', '\r\n', '\\n', ' ', ''];
  const joined = [lines, inner].flatMap((parts) => ends.map((end) => parts.join(end).trim()));
  return [...inner.filter((line) => line.length >= MIN_LINE_UNITS), ...joined];
}
