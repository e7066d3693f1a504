// One process of the memory measurement: does one thing with one state and prints its own peak resident memory in MB.
import { readFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { readPeakMegabytes } from './peak-memory.ts';

const [mode, databasePath = '', statePath = ''] = process.argv.slice(2);

async function observe(): Promise<void> {
  // Loaded here: the baseline must not carry the recorder's code.
  const { openRecorderMethods } = await import('../daemon/recorder/methods.ts');
  const { createPolicy } = await import('../daemon/redaction/allow-list.ts');
  const { testInput, testKeys, testSigner } = await import('../test/support/log-harness.ts');
  const { toSighting } = await import('./sighting.ts');
  const { settings, policy } = testInput(databasePath);
  const methods = openRecorderMethods(
    settings,
    { keys: testKeys, policy: createPolicy(policy), signer: testSigner },
    { now: () => Date.now(), boot: { id: 'boot', ms: () => performance.now() } },
  );
  const context = { source: 'directory', nameCandidates: ['bench'], isInitial: true, isFinalAttempt: true };
  const { verdict } = methods.observe(toSighting(readFileSync(statePath), { nowMs: Date.now() }), context);
  if (verdict !== 'recorded') throw new Error(`expected a record, got ${verdict}`);
  methods.close();
}

function parseBare(): void {
  const database = new Database(databasePath);
  database.pragma('journal_mode = WAL');
  const value = JSON.parse(readFileSync(statePath, 'utf8')) as object;
  if (Object.keys(value).length === 0) throw new Error('expected a state, got nothing');
  database.close();
}

if (mode === 'bare') parseBare();
else await observe();
process.stdout.write(String(readPeakMegabytes()));
