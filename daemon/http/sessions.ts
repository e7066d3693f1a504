// Browser sessions: a one-time code, made for whoever reaches the control socket, becomes a session. Both live in
// memory alone and only as hashes: a restart ends every session.
import { createHash, randomBytes } from 'node:crypto';
import type { Principal } from './principal.ts';

const CODE_MS = 60_000;
const SESSION_MS = 12 * 3_600_000;
const MAX_CODES = 32;
const MAX_SESSIONS = 256;

export interface Sessions {
  /** A code that is good once and for a minute. */
  mint(principal: Principal): string;
  /** The id of a new session; undefined for a code that was used, is too old, or never was. */
  redeem(code: string): string | undefined;
  find(id: string): Principal | undefined;
  end(id: string): void;
}

interface Kept {
  readonly principal: Principal;
  readonly untilMs: number;
}

/** `now`: milliseconds of a clock that nobody sets back. */
export function createSessions(now: () => number): Sessions {
  const codes = new Map<string, Kept>();
  const sessions = new Map<string, Kept>();
  const keep = (into: Map<string, Kept>, limit: number, kept: Kept): string => {
    for (const [key, { untilMs }] of into) if (untilMs <= now() || into.size >= limit) into.delete(key);
    const text = randomBytes(32).toString('base64url');
    into.set(hash(text), kept);
    return text;
  };
  const read = (from: ReadonlyMap<string, Kept>, text: string): Principal | undefined => {
    const kept = from.get(hash(text));
    return kept !== undefined && kept.untilMs > now() ? kept.principal : undefined;
  };
  return {
    mint: (principal) => keep(codes, MAX_CODES, { principal, untilMs: now() + CODE_MS }),
    redeem(code) {
      const principal = read(codes, code);
      codes.delete(hash(code));
      return principal && keep(sessions, MAX_SESSIONS, { principal, untilMs: now() + SESSION_MS });
    },
    find: (id) => read(sessions, id),
    end: (id) => void sessions.delete(hash(id)),
  };
}

/** What is looked up is a hash of what was sent: a lookup's delay tells nothing of what is kept. */
function hash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64');
}
