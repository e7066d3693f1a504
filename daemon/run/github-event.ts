// Two facts of the file that GITHUB_EVENT_PATH names: the head commit and the number of a pull request. The rest of it
// (texts of people, addresses) is never kept.
import { parseJson } from '../json/parse.ts';
import { isJsonObject, member, type Json } from '../json/value.ts';
import { readBounded } from './bounded-file.ts';

export interface GithubEvent {
  /** '' where the event is not of a pull request. */
  readonly headCommit: string;
  readonly pullRequest: string;
}

export const NO_EVENT: GithubEvent = { headCommit: '', pullRequest: '' };

/** GitHub caps a webhook's payload at 25 MB; what people trigger by hand is far below this. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024;

/** Never throws: without the file the rest of the claims stands. */
export async function readGithubEvent(path: string | undefined): Promise<GithubEvent> {
  if (path === undefined) return NO_EVENT;
  const bytes = await readBounded(path, MAX_EVENT_BYTES);
  return bytes instanceof Uint8Array ? parseGithubEvent(bytes) : NO_EVENT;
}

export function parseGithubEvent(bytes: Uint8Array): GithubEvent {
  let root: Json;
  try {
    root = parseJson(bytes);
  } catch {
    return NO_EVENT; // Somebody else's file: what it holds is not worth a word.
  }
  const pull = child(root, 'pull_request');
  const commit = child(child(pull, 'head'), 'sha');
  const number = child(pull, 'number') ?? child(child(root, 'issue'), 'number');
  return { headCommit: typeof commit === 'string' ? commit : '', pullRequest: toNumberText(number) };
}

function child(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) ? member(value, name) : undefined;
}

function toNumberText(value: Json | undefined): string {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? String(value) : '';
}
