// The shapes that a claim's value may have. Whatever a platform or a checkout says is text of strangers: what does not
// look like the field it is for is left out, never shortened or mended.
import type { Claim } from '../record/observation.ts';
import { cleanUrl } from '../terraform/clean-url.ts';

/** Fields of a run's claims: the same whichever platform says them. */
export type ClaimField =
  | 'actor'
  | 'commit'
  | 'event'
  | 'job'
  | 'job-url'
  | 'merge-commit'
  | 'platform'
  | 'project'
  | 'pull-request'
  | 'ref'
  | 'repository'
  | 'requester'
  | 'run-attempt'
  | 'session'
  | 'step'
  | 'workflow';

/** Who says it: variables of the environment, the platform's event file, files of the git checkout, flags of a hook. */
export type ClaimSource = 'environment' | 'event-file' | 'flag' | 'git';

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** Logins of forges and of Unix; an address has an @ and is left out. */
const LOGIN = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,99}(?:\[bot\])?$/u;
/** What git-check-ref-format(1) allows, without the rare. */
const REF = /^[\p{L}\p{N}][\p{L}\p{N}_./#+=-]{0,199}$/u;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} _.:/()-]{0,99}$/u;
const NUMBER = /^[1-9][0-9]{0,14}$/;
const OWNER_AND_NAME = /^[\p{L}\p{N}_.-]+(?:\/[\p{L}\p{N}_.-]+){1,20}$/u;

const SHAPES: Readonly<Record<ClaimField, (value: string) => string>> = {
  // `toActor` has looked at it.
  actor: (value) => value,
  requester: (value) => value,
  commit: (value) => matching(COMMIT, value.toLowerCase()),
  'merge-commit': (value) => matching(COMMIT, value.toLowerCase()),
  event: (value) => matching(NAME, value),
  job: (value) => matching(NAME, value),
  'job-url': (value) => (/^https?:/i.test(value) ? cleanUrl(value) : ''),
  platform: (value) => value,
  project: (value) => matching(NAME, value),
  'pull-request': (value) => value,
  ref: (value) => matching(REF, value),
  repository: toRepository,
  'run-attempt': (value) => matching(NUMBER, value),
  session: (value) => value,
  step: (value) => matching(NAME, value),
  workflow: (value) => matching(NAME, value),
};

/** A claim of a field, or none when the value does not look like one. */
export function toClaims(field: ClaimField, value: string | undefined, by: ClaimSource): readonly Claim[] {
  const shown = value === undefined || value.length > 1024 ? '' : SHAPES[field](value);
  return shown === '' ? [] : [{ field, value: shown, known: 'claimed', by }];
}

/** `github:octocat`: the namespace leaves room for pseudonyms (`~…`) in its place; '' for what is no login. */
export function toActor(namespace: string, login: string | undefined): string {
  return login !== undefined && LOGIN.test(login) ? `${namespace}:${login}` : '';
}

/** `owner/project#12`, or ''. */
export function toPullRequest(project: string | undefined, number: string | undefined): string {
  if (project === undefined || number === undefined || project.length > 200) return '';
  return OWNER_AND_NAME.test(project) && NUMBER.test(number) ? `${project}#${number}` : '';
}

/** `host/owner/project` for every way to write a remote: the same repository has one name. '' where none is safe. */
function toRepository(url: string): string {
  const clean = cleanUrl(url);
  const place = clean
    .slice(clean.indexOf('://') + 3)
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  return place.includes('/') ? place : '';
}

function matching(shape: RegExp, value: string): string {
  return shape.test(value) ? value : '';
}
