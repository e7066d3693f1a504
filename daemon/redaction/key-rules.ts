// What a key's name alone says: secret-like ("db_password"), known harmless ("password_length", "secret_arn"), or
// nothing. Names are split into words, so that snake, kebab and camel case agree. Pure; knows no values.

export type KeyVerdict = 'secret' | 'harmless' | 'plain';

/** Words in a row that make a name secret-like, wherever they stand in it. */
const SECRET_NAMES = [
  ...['password', 'passwd', 'pwd', 'pw', 'pass', 'passphrase', 'passcode', 'psk', 'secret', 'token', 'credential'],
  ...['cred', 'creds', 'auth', 'authorization', 'bearer', 'dsn', 'session', 'cookie', 'signature', 'salt', 'webhook'],
  ...['kubeconfig', 'userdata', 'apikey', 'accesskey', 'secretkey', 'privatekey', 'signingkey', 'pfx', 'pkcs12'],
  ...['keystore', 'truststore', 'jwt', 'hmac', 'otp', 'totp', 'mnemonic', 'sas', 'pin code', 'api key', 'access key'],
  ...['private key', 'secret key', 'signing key', 'encryption key', 'shared key', 'master key', 'account key'],
  ...['client key', 'auth key', 'host key', 'license key', 'licence key', 'unseal key', 'recovery key', 'function key'],
  ...['preshared key', 'pre shared key', 'storage key', 'integration key', 'service key', 'app key', 'application key'],
  ...['primary key', 'secondary key', 'connection string', 'conn string', 'connection uri', 'connection url'],
  ...['database url', 'database uri', 'db url', 'redis url', 'mongo uri', 'mongodb uri', 'jdbc url', 'broker url'],
  ...['kube config', 'user data', 'custom data', 'cloud init', 'key material', 'key pem', 'slack url', 'seed phrase'],
  ...['license content', 'login data', 'ssh key private'],
].map((name) => name.split(' '));

/** Long enough to be meant when they end or begin a word written in one: "dbpassword", "passwords". */
const SECRET_WORD = /password|passwd|passphrase|secret$|token$|credential|apikey|privatekey|accesskey|connectionstring/;

/** After a secret name these say that it is about the secret: "password_length", "token_ttl", "secret_arn". */
const ABOUT = new Set(
  `arn arns id ids name names identifier ttl length len size count max min type types kind class version versions
  enabled enable enables disabled disable required requires allowed supported policy policies reset duration period expiry
  expiration expires expire at on date time timestamp timeout lifetime age seconds minutes hours days interval rotation
  rotated rotate status state format algorithm algorithms alg method methods mode scope scopes provider providers source
  ref reference selector path file filename label labels description region group groups role roles username user issuer
  audience usage limit quota manager store engine backend mount namespace fingerprint fingerprints thumbprint strategy
  behavior behaviour affinity stickiness persistence complexity history validity characters special upper lower numeric
  updated created changed last used renewal refresh endpoint endpoints domain domains settings options rules rule
  authentication server servers protocol location account accounts number prefix suffix permissions filter filters
  configuration config block blocks recovery window management managed creation update bits strength exists present
  keepers tags tag spec host port index position order weight header headers cluster zone zones bucket table queue topic`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** Secret although their last word is in ABOUT. */
const ALWAYS_SECRET = new Set([
  'session id',
  'sessionid',
  'cookie value',
  'credentials file',
  'credential file',
  'secret source',
  'auth header',
  'auth headers',
  'authorization header',
  'webhook endpoint',
  'user data',
  'password history',
]);

/** Harmless although their last word is a secret's: switches and names of public things. */
const ALWAYS_HARMLESS = new Set([
  'key name',
  'public key',
  'author',
  'authority',
  'manage master user password',
  'get password data',
  'image pull secret',
  'automount service account token',
  'http tokens',
  'generate password',
  'generate secret',
  'use session cookie',
  'partition key',
  'hash key',
  'range key',
  'sort key',
  'routing key',
  'tag key',
  'force password',
  'ignore user data',
  'user data replace',
  'user data replace on change',
]);

const SWITCHES = new Set(
  'enable enabled disable disabled is has have allow require required manage use get generate ignore force auto rotate skip send include create'.split(
    ' ',
  ),
);

const MAX_KEY_UNITS = 512;
const MAX_WORDS = 32;

/** The verdict of a key's name. A name longer than 512 units is no name: 'secret'. */
export function keyVerdict(key: string): KeyVerdict {
  if (key.length > MAX_KEY_UNITS) return 'secret';
  const words = keyWords(key);
  const text = words.join(' ');
  if (ALWAYS_HARMLESS.has(text) || ALWAYS_HARMLESS.has(singular(text))) return 'harmless';
  if (ALWAYS_SECRET.has(text)) return 'secret';
  const end = secretEnd(words);
  if (end === 0) return 'plain';
  const rest = words.slice(end);
  return isAbout(rest) ? 'harmless' : 'secret';
}

/** True for a name that asks a yes-or-no question: its boolean is no secret, whatever it is about. */
export function isSwitchName(key: string): boolean {
  return SWITCHES.has(keyWords(key)[0] ?? '');
}

function isAbout(rest: readonly string[]): boolean {
  if (rest.length === 0) return false;
  return rest.every((word) => ABOUT.has(word) || /^\d+$/.test(word)) || rest.join(' ') === 'wo version';
}

/** Lower-case words of a name: "clientSecretARNs" and "client-secret_arn" are client, secret, arn. */
export function keyWords(key: string): readonly string[] {
  return key
    .replace(/([A-Z]{2,})s(?![a-z])/g, '$1 ')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS);
}

/** Index behind the last secret name in the words, 0 when there is none. */
function secretEnd(words: readonly string[]): number {
  for (let end = words.length; end > 0; end -= 1) if (endsSecretName(words.slice(0, end))) return end;
  return 0;
}

function endsSecretName(words: readonly string[]): boolean {
  const last = words.at(-1) ?? '';
  if (SECRET_WORD.test(singular(last))) return true;
  return SECRET_NAMES.some((name) => {
    const tail = words.slice(-name.length);
    return tail.length === name.length && tail.every((word, index) => isWord(word, name[index] ?? ''));
  });
}

function isWord(word: string, expected: string): boolean {
  return word === expected || singular(word) === expected;
}

/** "tokens", "password2" → "token", "password". */
function singular(word: string): string {
  return word.replace(/\d+$/, '').replace(/(?<!s)s$/, '');
}

/** What the verdicts rest on, for the policy digest. */
export function describeKeyRules(): readonly string[] {
  const names = SECRET_NAMES.map((name) => name.join(' '));
  return [...names, SECRET_WORD.source, ...ABOUT, ...ALWAYS_SECRET, ...ALWAYS_HARMLESS, ...SWITCHES];
}
