// URLs and git remotes without what may be secret in them: user information, query and fragment are dropped, a path only
// kept where nothing in it looks like a secret. What cannot be told apart is ''. Pure.
import { keyVerdict } from '../redaction/key-rules.ts';
import { isRandomLooking } from '../redaction/shapes.ts';
import { hasSecretShape } from '../redaction/value-rules.ts';

const MAX_UNITS = 2048;
const SCHEMES: ReadonlySet<string> = new Set([
  ...['http', 'https', 'ssh', 'git', 'git+ssh', 'git+https', 'git+http', 's3', 'gs'],
]);
const SCHEME = /^([a-z][a-z0-9+.-]{0,15}):\/\//i;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,62}\.){0,12}[a-z0-9-]{0,62}|\[[0-9a-f:.]{2,45}\])$/i;
const AUTHORITY = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{0,5}))?$/;
/** What names of owners, projects and files are made of, once decoded. */
const SEGMENT = /^[\p{L}\p{N}._~+ -]*$/u;
/** Of hex, a commit; longer than any id. */
const MAX_ID_RUN = 40;

interface Parts {
  readonly scheme: string;
  /** With port. */
  readonly host: string;
  readonly path: string;
}

/** "https://host/owner/project", "ssh://host/owner/project" for `git@host:owner/project`; '' when it cannot be made safe. */
export function cleanUrl(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > MAX_UNITS || hasControl(trimmed)) return '';
  const parts = SCHEME.test(trimmed) ? splitUrl(trimmed) : splitScp(trimmed);
  if (parts === undefined) return '';
  return `${parts.scheme}://${parts.host}${shownPath(parts.path)}`;
}

function splitUrl(text: string): Parts | undefined {
  const scheme = (SCHEME.exec(text)?.[1] ?? '').toLowerCase();
  if (!SCHEMES.has(scheme)) return undefined;
  const rest = text.slice(scheme.length + 3);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const tail = end < 0 ? '' : rest.slice(end);
  const path = tail.replace(/[?#].*$/s, '');
  // A password with an unescaped slash puts its rest, and the real host, into what looks like the path.
  if (tail.includes('@')) return undefined;
  const host = shownHost(authority.slice(authority.lastIndexOf('@') + 1));
  return host === undefined ? undefined : { scheme, host, path };
}

/** `user@host:path` of git and scp. Without a user it is not told from `user:password` or a drive. */
function splitScp(text: string): Parts | undefined {
  const at = text.indexOf('@');
  const colon = text.indexOf(':', at);
  if (at < 1 || colon < 0 || text.lastIndexOf('@') !== at || /[/\\:]/.test(text.slice(0, at))) return undefined;
  const path = text.slice(colon + 1).replace(/[?#].*$/s, '');
  const host = shownHost(text.slice(at + 1, colon));
  if (host === undefined || !(path.includes('/') || path.endsWith('.git'))) return undefined;
  return { scheme: 'ssh', host, path: path.startsWith('/') ? path : `/${path}` };
}

function shownHost(authority: string): string | undefined {
  const [, host = '', port = ''] = AUTHORITY.exec(authority) ?? [];
  if (!HOST.test(host) || isSecretLike(host, MAX_ID_RUN)) return undefined;
  return port === '' ? host.toLowerCase() : `${host.toLowerCase()}:${port}`;
}

/** All of the path or nothing of it: a part that is left out would name another place. */
function shownPath(path: string): string {
  const segments: string[] = [];
  let isAfterSecretName = false;
  for (const segment of path.split('/')) {
    const decoded = decode(segment);
    if (decoded === undefined || !SEGMENT.test(decoded) || isSecretLike(decoded) || isAfterSecretName) return '';
    // ".../token/<value>": what follows such a name is its value.
    isAfterSecretName = decoded !== '' && keyVerdict(decoded) === 'secret';
    segments.push(encodeURIComponent(decoded));
  }
  const joined = segments.join('/');
  // Base64 has a slash now and then.
  return isSecretLike(joined) ? '' : joined.replace(/\/+$/, '');
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function isSecretLike(text: string, maxRun?: number): boolean {
  return hasSecretShape(text) || isRandomLooking(text, maxRun);
}

function hasControl(text: string): boolean {
  return /[\p{C}\p{Z}]/u.test(text.replaceAll(' ', ''));
}
