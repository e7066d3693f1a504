// The API's own thread: what reads the log for others, so that no question, however large, delays the recorder. It
// writes nothing but the access sums; who read what it tells the main thread.
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { OWNER_METHODS, type ApiInput, type ApiMethods, type ApiOwner } from './api-calls.ts';
import { createCloseStack } from './close-stack.ts';
import { openAccessJournal } from './http/access-journal.ts';
import { createApp } from './http/app.ts';
import { listenHttp, listenUnix } from './http/listen.ts';
import { createRates } from './http/rates.ts';
import { createSessions } from './http/sessions.ts';
import { openStoreReader } from './http/store-reader.ts';
import type { Remote } from './recorder/wire.ts';
import { connectPeer } from './thread-peer.ts';
import { checkToken } from './tokens.ts';

/** Sums are kept on disk this often. */
const KEEP_MS = 5_000;
const RATE = { burst: 400, perSecond: 100 };
const REFUSAL_RATE = { burst: 20, perSecond: 1 };

function createApi(input: ApiInput, owner: Remote<ApiOwner>): ApiMethods {
  const { dataDir, http } = input;
  const open = createCloseStack();
  const sessions = createSessions(() => performance.now());
  return {
    async start() {
      const reader = openStoreReader(join(dataDir, 'log.sqlite'));
      open.add(() => reader.close());
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
        reader,
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

if (parentPort !== null) {
  connectPeer<ApiOwner>(parentPort, (owner) => ({ ...createApi(workerData as ApiInput, owner) }), OWNER_METHODS);
}
