// The API's own thread: what reads the log for others, so that no question, however large, delays the recorder. It
// writes nothing but the access sums; who read what it tells the main thread.
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { OWNER_METHODS, type ApiInput, type ApiMethods, type ApiOwner } from './api-calls.ts';
import { openLog } from './answers/open-log.ts';
import type { LiveStatus } from './answers/status.ts';
import { createCloseStack } from './close-stack.ts';
import { callDaemon } from './control.ts';
import { ConfigError } from './errors.ts';
import { openAccessJournal } from './http/access-journal.ts';
import { createApp } from './http/app.ts';
import type { LiveRecorder } from './http/live.ts';
import { listenHttp, listenUnix } from './http/listen.ts';
import { createRates } from './http/rates.ts';
import { createSessions } from './http/sessions.ts';
import type { Remote } from './recorder/wire.ts';
import { connectPeer } from './thread-peer.ts';
import { checkToken } from './tokens.ts';

/** Sums are kept on disk this often. */
const KEEP_MS = 5_000;
const STATUS_TIMEOUT_MS = 2_000;
const SEAL_TIMEOUT_MS = 60_000;
const RATE = { burst: 400, perSecond: 100 };
const REFUSAL_RATE = { burst: 20, perSecond: 1 };

function createApi(input: ApiInput, owner: Remote<ApiOwner>): ApiMethods {
  const { dataDir, http } = input;
  const open = createCloseStack();
  const sessions = createSessions(() => performance.now());
  return {
    async start() {
      const log = openLog(dataDir);
      open.add(() => void log.database.close());
      const accessLog = await openAccessJournal({
        path: join(dataDir, 'accessed.json'),
        record: (entries) => owner.accessed(entries),
        now: () => Date.now(),
      });
      const flush = (isEnd: boolean): Promise<void> =>
        accessLog.flush(isEnd).catch(() => owner.failed('the access log could not be written'));
      open.add(() => flush(true));
      const timer = setInterval(() => void flush(false), KEEP_MS);
      open.add(() => clearInterval(timer));
      const app = createApp({
        log,
        live: createLive(dataDir),
        names: http.names.map((name) => name.toLowerCase()),
        access: {
          checkToken: (text) => checkToken(dataDir, text, Date.now()),
          sessions,
          userHeader: http.userHeader.toLowerCase(),
          rates: createRates(RATE, () => performance.now()),
          refusals: createRates(REFUSAL_RATE, () => performance.now()),
        },
        accessLog,
        onFailure: (description) => void owner.failed(description),
      });
      const socket = await listenUnix(app, join(dataDir, 'api.sock'));
      open.add(() => socket.close());
      const listener = await listenHttp(app, http);
      open.add(() => listener.close());
      return { url: listener.url };
    },
    mint: () => sessions.mint({ name: `session:uid:${process.getuid?.() ?? -1}`, scope: 'admin', states: undefined }),
    close: () => open.close(),
  };
}

/** The recorder by its control socket, as the command line reaches it. */
function createLive(dataDir: string): LiveRecorder {
  const path = join(dataDir, 'control.sock');
  return {
    async status() {
      try {
        return (await callDaemon(path, 'status', STATUS_TIMEOUT_MS)) as LiveStatus;
      } catch (error) {
        if (error instanceof ConfigError) return undefined;
        throw error;
      }
    },
    async seal() {
      await callDaemon(path, 'look', SEAL_TIMEOUT_MS);
      return (await callDaemon(path, 'seal', SEAL_TIMEOUT_MS)) as { size: number };
    },
  };
}

if (parentPort !== null) {
  connectPeer<ApiOwner>(parentPort, (owner) => ({ ...createApi(workerData as ApiInput, owner) }), OWNER_METHODS);
}
