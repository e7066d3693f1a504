// What a value's shape alone says: keys, tokens and passwords that are recognisable wherever they stand. Every
// pattern is linear on hostile text: bounded repeats, or one class up to a mark outside it. Pure; knows no keys.
import { LiteralScanner } from './literal-scanner.ts';

interface SecretPattern {
  /** One of these stands in every text the shape matches; most text holds none. */
  readonly hints: readonly string[];
  /** With the flag g. The secret is group 1 where there is one, else the whole match. */
  readonly shape: RegExp;
}

const PATTERNS: readonly SecretPattern[] = [
  {
    hints: ['-----BEGIN '],
    shape: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^-]{0,65536}(?:-----END|$)?/g,
  },
  { hints: ['AKIA', 'ASIA'], shape: /(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])/g },
  {
    hints: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    shape: /(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})/g,
  },
  {
    hints: ['glpat-', 'glptt-', 'gldt-', 'glrt-', 'glcbt-', 'glft-', 'glsoat-', 'glimt-', 'glagent-', 'gloas-'],
    shape: /gl(?:pat|ptt|dt|rt|cbt|ft|soat|imt|agent|oas)-[\w-]{16,255}/g,
  },
  { hints: ['xox', 'xapp-'], shape: /(?:xox[abeoprs]|xapp)-[\w-]{10,255}/g },
  {
    hints: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'],
    shape: /(?:[rs]k_(?:live|test)_|whsec_)[A-Za-z0-9+/=]{10,255}/g,
  },
  { hints: ['npm_', 'pypi-'], shape: /(?:npm_[A-Za-z0-9]{30,255}|pypi-[\w-]{16,1024})/g },
  {
    hints: ['AIza', 'ya29.', 'GOCSPX-'],
    shape: /(?:AIza[\w-]{35}|ya29\.[\w-]{20,2048}|GOCSPX-[\w-]{20,64})/g,
  },
  {
    hints: ['hvs.', 'hvb.', 'hvr.', '.atlasv1.'],
    shape: /(?:hv[sbr]\.[\w-]{20,1024}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{20,255})/g,
  },
  {
    hints: ['SG.', 'dapi', 'doo_v1_', 'dop_v1_', 'dor_v1_'],
    shape: /(?:SG\.[\w-]{16,64}\.[\w-]{16,128}|dapi[a-f0-9]{32}|do[opr]_v1_[a-f0-9]{64})/g,
  },
  {
    hints: ['AGE-SECRET-KEY-1', 'dckr_pat_', 'glsa_'],
    shape: /(?:AGE-SECRET-KEY-1[A-Z0-9]{50,64}|dckr_pat_[\w-]{20,64}|glsa_[\w]{30,64})/g,
  },
  { hints: [':AA'], shape: /(?<!\d)\d{8,10}:AA[\w-]{33}/g },
  { hints: ['eyJ'], shape: /(?<![A-Za-z0-9])eyJ[\w-]{8,4096}\.eyJ[\w-]{2,16384}\.[\w-]{0,4096}/g },
  {
    hints: ['earer ', 'EARER ', 'asic ', 'ASIC ', 'igest ', 'IGEST '],
    shape: /(?:bearer|basic|digest)\s{1,8}([\w+/=.~:-]{8,8192})/gi,
  },
  // A password in a URL's user information, or a long token in the place of its user.
  { hints: ['://'], shape: /:\/\/[^\s/?#@:"'<>]{0,256}:([^\s/?#@"'<>]{1,1024})@/g },
  { hints: ['://'], shape: /:\/\/([^\s/?#@:"'<>]{16,1024})@/g },
  {
    hints: ['='],
    shape:
      /[?&](?:sig|signature|token|access_token|id_token|refresh_token|api_?key|auth|authkey|key|code|secret|client_secret|password|passwd|pwd|x-amz-(?:signature|credential|security-token)|x-goog-signature)=([^&\s#"'<>]{4,8192})/gi,
  },
  {
    // `password=x`, `"password": "x"` (also escaped inside a string), `password: x`; not `secret:x`, as in an ARN.
    hints: ['=', '":', '" :', "':", "' :", ': ', ':\t'],
    shape:
      /(?:password|passwd|passphrase|pwd|secret|token|api_?key|account_?key|access_?key|shared_?key|private_?key|credential)s?(?:\\{0,3}["'])?(?:\s{0,8}=\s{0,8}|(?<=["'])\s{0,8}:\s{0,8}|:\s{1,8})(?:\\{0,3}["'])?([^\s;,"'&<>{}()[\]\\]{4,4096})/gi,
  },
  { hints: ['hooks.slack.com/'], shape: /hooks\.slack\.com\/(?:services|workflows|triggers)\/([\w/-]{8,255})/g },
  {
    hints: ['/api/webhooks', 'webhook.office.com'],
    shape: /(?:discord(?:app)?\.com\/api\/webhooks|webhook\.office\.com)\/([\w@/.-]{8,1024})/g,
  },
];

const SCANNER = new LiteralScanner(PATTERNS.map(({ hints }) => hints));

/** No pattern is shorter. */
const MIN_UNITS = 8;
/** Text is searched up to here, and counts as secret beyond: longer text is never shown. */
const MAX_SEARCHED_UNITS = 262_144;

/** True when the text is, or holds, what only a secret looks like. Text too long to be searched counts as one. */
export function hasSecretShape(text: string): boolean {
  if (text.length < MIN_UNITS) return false;
  if (text.length > MAX_SEARCHED_UNITS) return true;
  const hinted = SCANNER.scan(text);
  return (
    hinted !== 0 && PATTERNS.some(({ shape }, index) => (hinted & (1 << index)) !== 0 && text.search(shape) !== -1)
  );
}

const MAX_PIECES = 256;
const NONE: readonly string[] = [];

/** The secrets found in a text by their shape: the secret part of each match, at most 256. */
export function secretPieces(text: string): readonly string[] {
  const hinted = text.length < MIN_UNITS ? 0 : SCANNER.scan(text);
  if (hinted === 0) return NONE;
  const searched = text.slice(0, MAX_SEARCHED_UNITS);
  const pieces = new Set<string>();
  for (const [index, { shape }] of PATTERNS.entries()) {
    if ((hinted & (1 << index)) === 0) continue;
    for (const match of searched.matchAll(shape)) {
      if (pieces.size >= MAX_PIECES) return [...pieces];
      pieces.add(match[1] ?? match[0]);
    }
  }
  return [...pieces];
}

/** What the rules rest on, for the policy digest. */
export function describeValueRules(): readonly string[] {
  return PATTERNS.map(({ shape }) => shape.source);
}
