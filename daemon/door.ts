// Opens the local HTTP API for a daemon, or says why it stays closed: recording goes on without it.
import { join } from 'node:path';
import type { Config } from './config.ts';
import { createApp } from './http/app.ts';
import { listenHttp } from './http/listen.ts';
import { openStoreReader } from './http/store-reader.ts';
import { hashToken } from './http/token.ts';
import { openApiToken } from './keys.ts';

export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

/** undefined when HTTP is off or the port is taken; `onFailure` hears of the latter. */
export async function openDoor(config: Config, onFailure: (error: unknown) => void): Promise<Door | undefined> {
  if (config.http === undefined) return undefined;
  const tokenHash = hashToken(await openApiToken(config.dataDir));
  const reader = openStoreReader(join(config.dataDir, 'log.sqlite'));
  try {
    const app = createApp({ reader, tokenHash, onFailure });
    const listener = await listenHttp(app, config.http);
    return {
      port: listener.port,
      close: async () => {
        await listener.close();
        reader.close();
      },
    };
  } catch (error) {
    reader.close();
    onFailure(error);
    return undefined;
  }
}
