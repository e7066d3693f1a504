// A server over a sealed log with something of everything the API tells: states that the recorder saw, changes, a missed
// version, a plan, a run, a note, and leaves that no checkpoint covers yet.
import { openSampleChanges, type SampleChanges } from '../commands/sample-changes.ts';
import { sighting, state } from '../commands/sample-states.ts';
import { openLogHarness } from '../support/log-harness.ts';
import { NETWORK } from '../support/sample-log.ts';
import { startServer, type ServerOptions, type TestServer } from './server.ts';

export interface ApiScene {
  readonly log: SampleChanges;
  readonly server: TestServer;
  /** A value for each parameter of a path, good for an answer with status 200. */
  readonly good: (path: string) => Readonly<Record<string, string>>;
  /** Tree size of the checkpoint. */
  readonly sealed: number;
  close(): Promise<void>;
}

export async function openApiScene(options: ServerOptions = {}): Promise<ApiScene> {
  const log = openSampleChanges(recordStates());
  const run = { id: 'run-1', uid: 'uid:1001' };
  const command = { tool: 'terraform', subcommand: 'apply', flags: [], variables: [] };
  const backend = { type: 'local', workspace: 'default', reference: NETWORK.reference };
  const head = { run, key: 'k', command, backend, toolVersion: '1.11.4', claims: [] };
  const started = log.append('run.started', { ...head, process: { pid: 1, startTicks: '1' } });
  const plan = log.append('plan.recorded', { state: { ...NETWORK } });
  log.append('change.noted', { target: log.manual, class: 'explanation', text: 'x', ticket: 'OPS-1' });
  const sealed = log.entries.size();
  log.seal();
  log.append('log.heartbeat', {});
  const server = await startServer(log.folder, options);
  const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    '/v1/changes/{key}': { key: String(log.apply) },
    '/v1/plans/{key}': { key: String(plan) },
    '/v1/runs/{key}': { key: String(started) },
    '/v1/records/{key}': { key: '0' },
    '/v1/records/{key}/proof': { key: '0' },
    '/v1/batches/{size}': { size: String(sealed) },
    '/v1/resources/{address}/history': { address: 'aws_lb.old' },
    '/tlog/tile/{tile}': { tile: `0/000.p/${sealed}` },
  };
  return {
    log,
    server,
    sealed,
    good: (path) => values[path] ?? (path.startsWith('/v1/states/{name}') ? { name: 'network' } : {}),
    async close() {
      await server.close();
      log.close();
    },
  };
}

/** Three versions of a state and the begin of another, as the recorder writes them; the data directory. */
function recordStates(): string {
  const { methods, clock, dataDir } = openLogHarness();
  const versions = [{ a: { size: 1 } }, { a: { size: 2 }, b: { size: 5, secret: 's3cret-word' } }, { b: { size: 6 } }];
  for (const [index, things] of versions.entries()) see('network', index + 1, things);
  see('dns', 1, { c: { size: 1 } });
  methods.close();
  return dataDir;

  function see(place: string, serial: number, things: Parameters<typeof state>[1]): void {
    clock.ms += 60_000;
    const isInitial = serial === 1;
    const context = { source: 'directory', nameCandidates: [place], isInitial, isFinalAttempt: true };
    methods.observe(sighting(state(serial, things, `lineage-${place}`), place, clock.ms), context);
    clock.ms += 60_000;
    methods.tick();
  }
}
