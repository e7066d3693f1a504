// The process that is killed: the real spool reader and recorder on a spool and a database. Kills itself at a named step,
// or goes on until the spool is empty; says on standard output what it recorded.
import { readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import { openRecorderMethods } from '../../daemon/recorder/methods.ts';
import { createSpoolReader } from '../../daemon/spool/reader.ts';
import { DEFAULT_QUOTAS } from '../../daemon/spool/quotas.ts';
import { ORIGIN, testInput, testSigner } from './log-harness.ts';
import type { SPOOL_STEPS, SpoolKillOrder } from './spool-kills.ts';
import { testIngestKey } from './spool-scene.ts';

const order = JSON.parse(process.argv[2] ?? '') as SpoolKillOrder;
let hits = 0;

function pass(step: (typeof SPOOL_STEPS)[number]): void {
  if (order.stop?.step !== step) return;
  hits += 1;
  if (hits === order.stop.occurrence) process.kill(process.pid, 'SIGKILL');
}

const { settings, keys, policy } = testInput(join(order.folder, 'log.sqlite'));
const methods = openRecorderMethods(
  settings,
  { keys, policy: createPolicy(policy), signer: testSigner },
  { now: () => order.nowMs, boot: { id: 'boot', ms: () => 0 } },
);
pass('opened');
const spool = join(order.folder, 'spool');
const reader = createSpoolReader({
  directory: spool,
  key: await testIngestKey(),
  quotas: DEFAULT_QUOTAS,
  now: () => order.nowMs,
  ingest: (delivery) => {
    pass('before the record');
    methods.ingest(delivery);
    pass('after the record');
    return Promise.resolve();
  },
  recordLoss: (type, { lost, more }) => {
    const moment = { source: 'spool', effectiveTime: '', timeBasis: 'clock' } as const;
    const data = { since: new Date(order.nowMs).toISOString(), lost, more };
    methods.append([{ type, source: ORIGIN, subject: ORIGIN, moment, data }]);
    pass('after the loss');
    return Promise.resolve();
  },
});
if (order.stop?.step === 'anywhere') setTimeout(() => process.kill(process.pid, 'SIGKILL'), order.stop.occurrence);
while (readdirSync(join(spool, 'new')).length > 0) await reader.look();
await reader.close();
methods.close();
writeSync(1, 'done\n');
