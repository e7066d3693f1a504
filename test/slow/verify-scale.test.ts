// Large logs in little memory: a process that does nothing but verify stays under 300 MB, whether the log has a thousand
// large batches or a hundred thousand small ones, locks asked for. STATESEAL_FULL=1 takes the full sizes; else a
// twentieth. Speed is printed as a ratio against gunzip + SHA-256 of the same bytes in the same process.
// Full sizes, one run each on a machine with 2 cores, locks asked for: 1,000 batches of 1,000: 155 MB, 3.9 x; 100,000
// batches of 10: 143 MB, 13.5 x (two signatures per batch). Without the small heap: 263 and 309 MB, 3.3 x and 14.6 x.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ScaleResult } from '../../bench/verify-child.ts';
import { createSampleSigner } from '../support/sample-archive.ts';
import { writeScaleLog, type ScalePlan } from '../support/scale-log.ts';

const SHARE = process.env['STATESEAL_FULL'] === '1' ? 1 : 20;
const MAX_MEGABYTES = 300;
const CHILD = fileURLToPath(new URL('../../bench/verify-child.ts', import.meta.url));

describe('verify: scale', function () {
  this.timeout(3_600_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-scale-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const plan of [
    { batchCount: 1000 / SHARE, batchSize: 1000 },
    { batchCount: 100_000 / SHARE, batchSize: 10 },
  ]) {
    it(`${plan.batchCount} batches of ${plan.batchSize} in less than ${MAX_MEGABYTES} MB`, () => {
      const result = verifyInChild(folder, plan);
      const { peakMegabytes, verifyMs, baselineMs } = result;
      const ratio = (verifyMs / baselineMs).toFixed(1);
      console.log(`      peak ${peakMegabytes.toFixed(0)} MB; ${ratio} x gunzip + SHA-256 of the same bytes`);
      expect(result).to.include({
        integrity: 'pass',
        findingCount: 0,
        verifiedCount: plan.batchCount * plan.batchSize,
        batchCount: plan.batchCount,
        lockedCount: plan.batchCount * 3,
      });
      expect(peakMegabytes).to.be.below(MAX_MEGABYTES);
    });
  }
});

function verifyInChild(folder: string, plan: ScalePlan): ScaleResult {
  const path = join(folder, `${plan.batchCount}`);
  const signer = createSampleSigner();
  writeScaleLog(path, plan, signer);
  const logFolder = `${signer.name.slice(signer.name.lastIndexOf('/') + 1)}/`;
  const args = [CHILD, path, logFolder, signer.vkey, 'write-once'];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as ScaleResult;
}
