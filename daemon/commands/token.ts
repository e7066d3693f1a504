// stateseal token: who may use the API. A token is printed once and never kept.
import { ConfigError } from '../errors.ts';
import {
  createToken,
  listTokens,
  revokeToken,
  TOKEN_NAME,
  TOKEN_SCOPES,
  type Token,
  type TokenScope,
} from '../tokens.ts';
import { parseArguments, usageError, type Arguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';

const VERB = 'token';
const DAY_MS = 86_400_000;

export const tokenCommand: Command = {
  name: VERB,
  summary: 'who may use the API',
  usage: `Usage: stateseal token create <name> [--scope read] [--state <glob>]… [--expires 90d]
       stateseal token list
       stateseal token revoke <name>

create    prints a new bearer token, once; only its digest is kept, in the data directory:
            curl -H "Authorization: Bearer <token>" http://127.0.0.1:7373/v1/changes
revoke    holds from the next request on

--scope   read (default); admin: seal, too; proxy: for a proxy with single sign-on that names the person in the header
          http.userHeader (X-Forwarded-User); that person may read, and is named in log.accessed
--state   only these states, by name or reference; such a token gets no lines, tiles, proofs or batches: they are of all
--expires so many days (90d) from now; without it: until it is revoked

--json    {"object":"token","name","scope","states","createdAt","expiresAt"} per line; create: with "token"

Exit codes: 0 · 1 there was none to revoke · 2 could not run
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, {
      scope: { type: 'string' },
      state: { type: 'string', multiple: true },
      expires: { type: 'string' },
    });
    if (given.has('help')) {
      context.stdout(tokenCommand.usage);
      return 0;
    }
    const [action, name, ...more] = given.positionals;
    if (more.length > 0) throw usageError(VERB, 'expected one name, got more');
    if (action === 'list' && name === undefined) return list(context, isJson(given, context));
    if (action === 'create') return create(given, assertName(name), context);
    if (action === 'revoke') return revoke(assertName(name), context);
    throw usageError(VERB, 'expected create, list or revoke after token, got something else');
  },
};

async function create(given: Arguments, name: string, context: CommandContext): Promise<number> {
  const nowMs = context.now();
  const expiresMs = parseExpiry(given.text('expires'), nowMs);
  const token: Token = {
    name,
    scope: parseScope(given.text('scope')),
    states: given.list('state'),
    createdAt: new Date(nowMs).toISOString(),
    expiresAt: expiresMs === undefined ? undefined : new Date(expiresMs).toISOString(),
  };
  const text = await createToken(context.dataDir, token);
  if (isJson(given, context)) context.stdout(formatJsonLine({ ...toJson(token), token: text }));
  else if (context.quiet) context.stdout(`${text}\n`);
  else context.stdout(`${text}\nIt is shown this once; whoever has it ${formatReach(token)}.\n`);
  return 0;
}

async function list(context: CommandContext, asJson: boolean): Promise<number> {
  const tokens = await listTokens(context.dataDir);
  if (asJson) tokens.forEach((token) => context.stdout(formatJsonLine(toJson(token))));
  else if (tokens.length === 0) context.stdout('no tokens: the API answers to sessions of stateseal open alone\n');
  else {
    const width = Math.max(...tokens.map(({ name }) => name.length));
    for (const token of tokens) {
      const until = token.expiresAt === undefined ? '' : `, until ${token.expiresAt}`;
      const isOver = token.expiresAt !== undefined && Date.parse(token.expiresAt) <= context.now();
      const end = isOver ? ', expired' : until;
      context.stdout(`${token.name.padEnd(width)}   ${token.createdAt}   ${formatReach(token)}${end}\n`);
    }
  }
  return 0;
}

async function revoke(name: string, context: CommandContext): Promise<number> {
  if (await revokeToken(context.dataDir, name)) return 0;
  context.stderr('stateseal: no such token\nhint: stateseal token list\n');
  return 1;
}

function formatReach({ scope, states }: Token): string {
  const what = { read: 'may read', admin: 'may read and seal', proxy: 'may read as the person it names' }[scope];
  return states === undefined ? what : `${what}: ${states.join(', ')}`;
}

function toJson({ name, scope, states, createdAt, expiresAt }: Token) {
  return {
    object: 'token',
    name,
    scope,
    states: states === undefined ? null : [...states],
    createdAt,
    expiresAt: expiresAt ?? null,
  };
}

function isJson(given: Arguments, context: CommandContext): boolean {
  return context.json || given.has('json');
}

function parseScope(text: string | undefined): TokenScope {
  const scope = TOKEN_SCOPES.find((word) => word === (text ?? 'read'));
  if (scope === undefined) throw usageError(VERB, 'expected read, admin or proxy after --scope, got something else');
  return scope;
}

function parseExpiry(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const days = Number(/^([1-9][0-9]{0,4})d$/u.exec(text)?.[1]);
  if (Number.isNaN(days)) throw usageError(VERB, 'expected days after --expires, like 90d, got something else');
  return nowMs + days * DAY_MS;
}

function assertName(name: string | undefined): string {
  if (name !== undefined && TOKEN_NAME.test(name)) return name;
  throw new ConfigError('usage', 'expected a name of letters, digits, _ and -, at most 63 of them', {
    hint: 'see: stateseal token --help',
  });
}
