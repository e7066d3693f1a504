// The real daemon as a process with a state backend, a credential per state, and real Terraforms that keep their state
// there. Reads the log back from the database; knows nothing of what a test expects.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addCredential } from '../../daemon/backend/credentials.ts';
import { createVerifier } from '../../daemon/merkle/note.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { createQueries } from '../../daemon/store/queries.ts';
import { verifyStore } from '../../daemon/verify/verify-store.ts';
import { spawnStateseal, type StatesealProcess } from './stateseal-process.ts';
import { openTerraform, type Terraform } from './terraform.ts';

export interface BackendSceneOptions {
  readonly states: readonly string[];
  /** Default: a directory of the scene's. */
  readonly storage?: string;
  /** Further settings of `backend`, as YAML members. */
  readonly backend?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A record with the members of its data that tests look at. */
export interface SceneRecord {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface BackendScene {
  readonly folder: string;
  readonly dataDir: string;
  /** Where raw states lie, when it is a directory. */
  readonly storage: string;
  readonly daemon: StatesealProcess;
  readonly url: string;
  /** The password of the credential `deploy` of a state. */
  password(state: string): string;
  /** TF_HTTP_*: `query` is what stands behind the question mark. */
  environment(state: string, query?: string): Record<string, string>;
  /** A directory with `backend "http" {}` and `body`. */
  terraform(dir: string, state: string, body: string, query?: string): Promise<Terraform>;
  request(
    state: string,
    init?: RequestInit & { readonly path?: string; readonly password?: string },
  ): Promise<Response>;
  start(): Promise<void>;
  kill(): Promise<void>;
  records(...types: readonly string[]): readonly SceneRecord[];
  until(type: string, count: number): Promise<readonly SceneRecord[]>;
  /** Fails when the log does not verify. */
  verify(): void;
  close(): Promise<void>;
}

const LIMIT_MS = 60_000;

export async function openBackendScene(options: BackendSceneOptions): Promise<BackendScene> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stateseal-backend-')));
  const dataDir = join(folder, 'data');
  const storage = join(folder, 'states');
  const config = join(folder, 'stateseal.yaml');
  mkdirSync(dataDir, { mode: 0o700 });
  const backend = [
    `port: 0, storage: "${options.storage ?? storage}", states: [${options.states.join(', ')}]`,
    ...(options.backend === undefined ? [] : [options.backend]),
  ];
  writeFileSync(config, `backend: { ${backend.join(', ')} }\nquietSeconds: 1\nseal: { maxAgeSeconds: 1 }\n`);
  const passwords = new Map<string, string>();
  for (const state of options.states) {
    passwords.set(state, await addCredential(dataDir, { state, name: 'deploy' }, Date.now()));
  }
  const terraforms: Terraform[] = [];
  let daemon: StatesealProcess | undefined;
  let url = '';
  const running = (): StatesealProcess => {
    if (daemon === undefined) throw new Error('expected a running daemon, got none');
    return daemon;
  };
  const start = async (): Promise<void> => {
    const args = ['watch', '--config', config, '--data-dir', dataDir, '--http', 'off'];
    daemon = spawnStateseal(args, { env: options.env ?? {} });
    await daemon.until(/ready\./u, LIMIT_MS);
    url = /backend +(\S+)\/state\/<name>/u.exec(daemon.stdout())?.[1] ?? '';
  };
  const password = (state: string): string => passwords.get(state) ?? '';
  const records = (...types: readonly string[]): readonly SceneRecord[] => {
    const database = openDatabaseReadOnly(join(dataDir, 'log.sqlite'));
    try {
      const queries = createQueries(database, createBatches(database));
      const found: SceneRecord[] = [];
      for (let index = 0; index < queries.size(); index += 1) {
        const stored = queries.readRecord(index);
        if (stored !== undefined && (types.length === 0 || types.includes(stored.record.type)))
          found.push(stored.record);
      }
      return found;
    } finally {
      database.close();
    }
  };
  const environment = (state: string, query = ''): Record<string, string> => {
    const address = `${url}/state/${state}${query === '' ? '' : `?${query}`}`;
    return {
      TF_HTTP_ADDRESS: address,
      TF_HTTP_LOCK_ADDRESS: address,
      TF_HTTP_UNLOCK_ADDRESS: address,
      TF_HTTP_USERNAME: 'deploy',
      TF_HTTP_PASSWORD: password(state),
      TF_HTTP_RETRY_MAX: '1',
      TF_HTTP_RETRY_WAIT_MIN: '1',
      TF_HTTP_RETRY_WAIT_MAX: '1',
    };
  };
  await start();
  return {
    folder,
    dataDir,
    storage,
    get daemon() {
      return running();
    },
    get url() {
      return url;
    },
    password,
    environment,
    async terraform(dir, state, body, query = '') {
      const terraform = await openTerraform(join(folder, dir), { env: environment(state, query) });
      terraforms.push(terraform);
      await terraform.write({ 'main.tf': `terraform {\n  backend "http" {}\n}\n${body}\n` });
      return terraform;
    },
    request: (state, init = {}) =>
      fetch(`${url}/state/${state}${init.path ?? ''}`, {
        ...init,
        headers: { authorization: basic('deploy', init.password ?? password(state)), ...init.headers },
      }),
    start,
    async kill() {
      await running().stop('SIGKILL');
    },
    records,
    async until(type, count) {
      const endMs = performance.now() + LIMIT_MS;
      for (let found = records(type); ; found = records(type)) {
        if (found.length >= count) return found;
        if (performance.now() > endMs) throw new Error(`expected ${count} records ${type}, got ${found.length}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    verify() {
      const database = openDatabaseReadOnly(join(dataDir, 'log.sqlite'));
      try {
        const key = readFileSync(join(dataDir, 'keys', 'log.vkey'), 'utf8').trim();
        const report = verifyStore(database, [createVerifier(key)], { nowMs: Date.now(), isStrict: true });
        const wrong = [report.failures, report.anomalies, report.format].flatMap(({ list }) => list);
        if (report.integrity !== 'pass' || wrong.length > 0)
          throw new Error(`does not verify: ${JSON.stringify(wrong)}`);
      } finally {
        database.close();
      }
    },
    async close() {
      await Promise.all(terraforms.map((terraform) => terraform.close()));
      await daemon?.stop('SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}

export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}
