// The log and its recorder: which log this is, how far it is sealed, who holds which lock, what the sources find.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findingsJson, readFindings } from '../answers/findings.ts';
import type { OpenLog } from '../answers/open-log.ts';
import { readStatus } from '../answers/status.ts';
import type { Json, JsonObject } from '../json/value.ts';
import { readVersion } from '../program.ts';
import type { Read } from './answer.ts';
import { statesOf } from './changes.ts';
import type { LiveRecorder } from './live.ts';
import { Refusal } from './question.ts';

/** {origin, vkey, size, sealed, archived, version}; vkey is null where the key file is not at hand. */
export const logFacts: Read = {
  parameters: {},
  answer: async ({ log }) => {
    const vkey = await readVkey(log);
    const newest = log.leaves.newestCheckpoint();
    const origin = newest?.note.slice(0, newest.note.indexOf('\n')) ?? vkey?.slice(0, vkey.indexOf('+')) ?? null;
    const published = log.batches.outlines().filter(({ phase }) => phase === 'published');
    const sealed = newest?.size ?? 0;
    const archived = published.at(-1)?.size ?? 0;
    const value = { object: 'log', origin, vkey: vkey ?? null, size: log.queries.size(), sealed, archived };
    return { is: 'json', value: { ...value, version: readVersion() } };
  },
};

async function readVkey({ dataDir }: OpenLog): Promise<string | undefined> {
  try {
    return (await readFile(join(dataDir, 'keys', 'log.vkey'), 'utf8')).trim();
  } catch {
    // A copy of the log has none.
    return undefined;
  }
}

/** What `status --json` prints. */
export function createStatusRead(live: LiveRecorder): Read {
  return {
    parameters: {},
    answer: async ({ log, nowMs }) => {
      const running = await live.status();
      return { is: 'json', value: toJson(log.queries.atOneMoment(() => readStatus(log, running, nowMs))) };
    },
  };
}

/** What `status --locks --json` prints: holds is null while no recorder runs. */
export function createLocksRead(live: LiveRecorder): Read {
  return {
    parameters: {},
    answer: async (question) => {
      const holds = (await live.status())?.holds;
      const within = statesOf(question);
      const told = holds?.filter(
        ({ state, reference }) => within === undefined || [state, reference].some(within.admits),
      );
      return { is: 'json', value: { holds: toJson(told ?? null) } };
    },
  };
}

/** What `source list --json` prints; who is limited to states gets lines about those alone. */
export const inventory: Read = {
  parameters: { unwatched: 'flag' },
  answer: (question) => {
    const { log, asked, size } = question;
    const within = statesOf(question);
    const lines = log.queries.atOneMoment(() => findingsJson(readFindings(log, asked.has('unwatched'))));
    const items = within === undefined ? lines : lines.filter((line) => isWithin(line, within.admits));
    return { is: 'json', value: { size, next: null, items } };
  },
};

function isWithin({ reference, state }: JsonObject, admits: (text: string) => boolean): boolean {
  return [reference, state].some((text) => typeof text === 'string' && text !== '' && admits(text));
}

/** 200 when the log can be read and the recorder works; 503 says what does not. */
export function createReadyRead(live: LiveRecorder): Read {
  return {
    parameters: {},
    answer: async ({ log }) => {
      log.queries.size();
      if ((await live.status()) !== undefined) return { is: 'json', value: { status: 'ready' } };
      const detail = 'the recorder does not answer on its control socket';
      throw new Refusal({ status: 503, code: 'recorder-silent', title: 'Recorder silent', detail });
    },
  };
}

/** As JSON.stringify writes it, which is what the command prints. */
function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
