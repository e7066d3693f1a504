// One process of the plan measurement: decodes and redacts one saved plan, as the recorder does, and prints how long that
// took and its own peak of resident memory: ms, MB.
import { readFileSync } from 'node:fs';
import { createPolicy } from '../daemon/redaction/allow-list.ts';
import { redactPlan } from '../daemon/redaction/plan.ts';
import { TaintSet } from '../daemon/redaction/taint.ts';
import { openPlanContent } from '../daemon/sources/plan-archive.ts';
import { isOpaque, parsePlan } from '../daemon/terraform/plan/parse-plan.ts';
import { readPeakMegabytes } from './peak-memory.ts';

const [path = '', expected = ''] = process.argv.slice(2);
const keys = {
  equalityKey: new Uint8Array(32).fill(1),
  epoch: { kid: 'e0', key: new Uint8Array(32).fill(2) },
};

const start = performance.now();
const plan = parsePlan(await openPlanContent(readFileSync(path)), 'wrapped');
if (isOpaque(plan)) throw new Error('expected a plan in clear, got another');
const policy = createPolicy({ values: 'allow-list', hide: [], show: [] });
const context = { keyId: 'plan', keys, policy, taint: new TaintSet(keys.equalityKey) };
const { observed } = redactPlan(plan, context);
const ms = performance.now() - start;
if (observed.changes.length !== Number(expected)) {
  throw new Error(`expected ${expected} changes, got ${observed.changes.length}`);
}
process.stdout.write(`${ms} ${readPeakMegabytes()}`);
