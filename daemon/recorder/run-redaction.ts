// What may stand in a record of what a client claims: no known secret, nothing that looks like one, no path of the host.
// Clients know neither taint nor policy, so this is the only wall for their words. Pure but for the taint it is given.
import { isRandomLooking } from '../redaction/shapes.ts';
import { hasSecretShape } from '../redaction/value-rules.ts';
import type { Claim } from '../record/observation.ts';
import type { RunBackend, TerraformCommand } from '../record/run.ts';
import type { RunBackendData, RunCommand } from '../record/run-data.ts';
import { cleanUrl } from '../terraform/clean-url.ts';
import { WITHHELD, type Covers } from './known-secrets.ts';

/** Names of buckets and folders have ids in them. */
const MAX_ID_UNITS = 40;
const URL_LIKE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//u;
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/u;

export interface RunRedaction {
  text(value: string): string;
  claims(claims: readonly Claim[]): readonly Claim[];
  command(command: TerraformCommand): RunCommand;
  backend(backend: RunBackend, reference: string): RunBackendData;
  reference(text: string): string;
}

export function createRunRedaction(covers: Covers): RunRedaction {
  const isSecret = (value: string): boolean => covers(value) || hasSecretShape(value) || isRandomLooking(value);
  const text = (value: string): string => (isSecret(value) ? WITHHELD : value);
  /** A digest stands where one belongs, and nowhere else: elsewhere it may be a key in hex. */
  const claimed = ({ field, value }: Claim): string => {
    if (field === 'commit' && COMMIT.test(value)) return covers(value) ? WITHHELD : value;
    return text(toReference(field, URL_LIKE.test(value) ? cleanUrl(value) || WITHHELD : value));
  };
  const base = (path: string): string | undefined => {
    // The whole path is judged: a secret may lie in the part that is left out, and what remains may be a piece of it.
    if (path === '') return undefined;
    return isSecret(path)
      ? WITHHELD
      : (path
          .replaceAll('\\', '/')
          .split('/')
          .findLast((segment) => segment !== '') ?? '');
  };
  const flag = (word: string): string => {
    const [name = '', value] = word.split('=', 2);
    return value === undefined || !isSecret(value) ? text(word) : `${name}=${WITHHELD}`;
  };
  return {
    text,
    claims: (claims) => claims.map((claim) => ({ ...claim, value: claimed(claim) })),
    command: ({ tool, subcommand, flags, variables, planFile, chdir }) => ({
      tool,
      subcommand,
      flags: flags.map(flag),
      variables: variables.map(text),
      ...optional('planFile', base(planFile)),
      ...optional('chdir', base(chdir)),
    }),
    backend: ({ type, workspace }, reference) => ({
      type,
      workspace: text(workspace),
      ...optional('reference', reference === '' ? undefined : reference),
    }),
    // A place is identity: withheld, it is none.
    reference: (uri) => (covers(uri) || hasSecretShape(uri) || isRandomLooking(uri, MAX_ID_UNITS) ? '' : uri),
  };
}

/** An account is `<kind>:<name>` or a pseudonym; a bare name is one that somebody typed. */
function toReference(field: string, value: string): string {
  if (field !== 'actor' || value.startsWith('~') || /^[a-z][a-z0-9-]{0,19}:./u.test(value)) return value;
  return `user:${value}`;
}

function optional<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, string>>);
}
