// A seeded schedule of faults for the calls of one recorder to one store, and of the call at which it is killed.
// Counts which fault met which call.
import type { FaultProxy, ProxyFault } from './fault-proxy.ts';
import { DENIED, TOO_SKEWED } from './fault-proxy.ts';
import type { S3Request } from './s3-call.ts';

export interface SeededFaults {
  /** Kills at one of the next calls, before the store sees it or after it has answered. */
  arm(kill: () => void): void;
  /** The store is well from now on. */
  end(): void;
}

/** What a caller waits for at most, milliseconds: answers that are too late come behind it. */
export const CALLER_PATIENCE_MS = 700;
/** The kill comes within so many calls: two seals or three. */
const CALLS_TO_KILL = 60;

/** Chances per call: from one in 25 to one in five. */
const LEAST_RATE = 0.04;
const MOST_RATE = 0.2;

type Schedule = (random: () => number) => ProxyFault;

export const SCHEDULED_FAULTS: Readonly<Record<string, Schedule>> = {
  lost: (random) => ({ kind: 'lost', how: pick(random, ['cut', 500, 503]) }),
  'done, not told': (random) => ({ kind: 'done', how: pick(random, ['cut', 500, 503]) }),
  late: (random) => ({ kind: 'late', ms: Math.floor(random() * 1.5 * CALLER_PATIENCE_MS) }),
  trickled: (random) => ({ kind: 'trickled', ms: Math.floor(random() * 1.5 * CALLER_PATIENCE_MS) }),
  'request cut': (random) => ({ kind: 'cut-request', at: Math.floor(random() * 600) }),
  'answer cut': (random) => ({ kind: 'cut-answer', at: Math.floor(random() * 600) }),
  'request flipped': () => ({ kind: 'flipped-request' }),
  'answer flipped': () => ({ kind: 'flipped-answer' }),
  'answer shortened': () => ({ kind: 'shortened-answer' }),
  denied: () => DENIED,
  412: (random) => ({ kind: 'answered', status: 412, code: 'PreconditionFailed', isDone: random() < 0.5 }),
  409: (random) => ({ kind: 'answered', status: 409, code: 'ConditionalRequestConflict', isDone: random() < 0.5 }),
  'clock refused': () => TOO_SKEWED,
  'clock skewed': (random) => ({ kind: 'skewed', ms: Math.floor((random() - 0.5) * 60 * 86_400_000) }),
};
export const KILLS = ['killed before', 'killed after'] as const;

/** Takes over the proxy. `hits` counts "<fault>|<call>". */
export function startSeededFaults(proxy: FaultProxy, random: () => number, hits: Map<string, number>): SeededFaults {
  const rate = LEAST_RATE + random() * (MOST_RATE - LEAST_RATE);
  let death: { readonly kill: () => void; readonly isAfter: boolean; callsLeft: number } | undefined;
  const count = (fault: string, { name }: S3Request): void => {
    hits.set(`${fault}|${name}`, (hits.get(`${fault}|${name}`) ?? 0) + 1);
  };
  proxy.onCall = (call) => {
    if (death !== undefined) {
      death.callsLeft -= 1;
      if (death.callsLeft === 0 && !death.isAfter) {
        death.kill();
        count('killed before', call);
        return { kind: 'lost', how: 'cut' };
      }
    }
    if (random() >= rate) return undefined;
    const [name, schedule] = pick(random, Object.entries(SCHEDULED_FAULTS));
    count(name, call);
    return schedule(random);
  };
  proxy.onDone = (call) => {
    if (death === undefined || death.callsLeft > 0 || !death.isAfter) return;
    death.kill();
    death = undefined;
    count('killed after', call);
  };
  return {
    arm(kill) {
      death = { kill, isAfter: random() < 0.5, callsLeft: 1 + Math.floor(random() * CALLS_TO_KILL) };
    },
    end() {
      death = undefined;
      proxy.onCall = undefined;
      proxy.onDone = undefined;
    },
  };
}

function pick<T>(random: () => number, from: readonly T[]): T {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new RangeError('expected something to pick from, got nothing');
  return one;
}
