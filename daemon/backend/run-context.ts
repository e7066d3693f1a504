// The query of a backend address as claims: ?run=…&actor=…&sha=…&pr=…&job=…, set per run by TF_HTTP_ADDRESS. By an
// allow-list of names and shapes: whatever else stands there (a token, a password) is dropped unseen. Pure.
import type { Claim } from '../record/observation.ts';

type Shape = (value: string) => string | undefined;

const matching =
  (pattern: RegExp): Shape =>
  (value) =>
    pattern.test(value) ? value : undefined;

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** Numbers of CI systems, an attempt behind them, a UUID, or a run of HCP Terraform. No free text: it may be a token. */
const RUN_ID = new RegExp(`^(?:\\d{1,20}(?:[-.]\\d{1,6}){0,2}|${UUID}|run-[A-Za-z0-9]{16})$`, 'u');
const MAX_JOB_UNITS = 512;
const MAX_QUERY_UNITS = 4096;

/** What may stand in the query, and the field of the claim it becomes. */
const FIELDS: ReadonlyMap<string, { readonly field: string; readonly shape: Shape }> = new Map([
  ['run', { field: 'run', shape: matching(RUN_ID) }],
  ['actor', { field: 'actor', shape: toActor }],
  ['sha', { field: 'commit', shape: matching(/^(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{7,12})$/u) }],
  ['pr', { field: 'pull-request', shape: matching(/^\d{1,10}$/u) }],
  ['job', { field: 'job', shape: toJob }],
]);

/** In the order above, each field once (the first wins). */
export function parseRunContext(query: string): readonly Claim[] {
  if (query.length > MAX_QUERY_UNITS) return [];
  const given = new URLSearchParams(query);
  return [...FIELDS].flatMap(([name, { field, shape }]): Claim[] => {
    const value = given.get(name);
    const clean = value === null ? undefined : shape(value);
    return clean === undefined ? [] : [{ field, value: clean, known: 'claimed', by: 'http-query' }];
  });
}

/** An account name as a reference, never an address of a person: "mona" → "user:mona". */
function toActor(value: string): string | undefined {
  return /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,37})(?:\[bot\])?$/u.test(value) ? `user:${value}` : undefined;
}

/** A number, or the address of a job without user, query and fragment, its path of plain segments. */
function toJob(value: string): string | undefined {
  if (RUN_ID.test(value)) return value;
  if (value.length > MAX_JOB_UNITS || !URL.canParse(value)) return undefined;
  const { protocol, host, pathname } = new URL(value);
  const isPlain = /^\/(?:[A-Za-z0-9._~-]{1,100}\/?){0,16}$/u.test(pathname);
  return ['https:', 'http:'].includes(protocol) && isPlain ? `${protocol}//${host}${pathname}` : undefined;
}
