// The recorder's thread ends under a running daemon: it says so, exits 2, and the next start goes on with the same log.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runStateseal, spawnStateseal } from '../support/stateseal-process.ts';

const PRELOAD = fileURLToPath(new URL('../support/end-worker.ts', import.meta.url));
const ENDS: Readonly<Record<string, RegExp>> = {
  throw: /the recorder thread ended: Error \[recorder-stopped\]/u,
  exit: /the recorder thread ended: exit code 0 \[recorder-stopped\]/u,
  // V8 decides: where it cannot unwind the thread, it aborts the whole process.
  memory: /the recorder thread ended: Error ERR_WORKER_OUT_OF_MEMORY \[recorder-stopped\]|heap out of memory/u,
};

describe('a recorder thread that ends', function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-death-'));
    mkdirSync(join(folder, 'infra'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const [fault, message] of Object.entries(ENDS)) {
    it(`by ${fault}: the daemon ends with a clear error, and the next one continues`, async () => {
      const args = ['watch', join(folder, 'infra'), '--data-dir', join(folder, 'data'), '--http', 'off'];
      const file = join(folder, 'fault');
      const daemon = spawnStateseal(args, {
        env: { STATESEAL_TEST_FAULT_FILE: file },
        nodeArgs: ['--import', PRELOAD, '--max-old-space-size=128'],
      });
      await daemon.until(/ready\./u);
      writeFileSync(file, fault);
      const { code, stderr, stdout } = await daemon.finished();
      expect(code).to.be.oneOf(fault === 'memory' ? [2, null] : [2]);
      expect(stderr).to.match(message);
      expect(stdout + stderr).not.to.contain('SECRET-TEXT');

      const next = spawnStateseal(args);
      await next.until(/ready\./u);
      expect(await next.stop()).to.include({ code: 0 });
      const verified = await runStateseal(['verify', '--data-dir', join(folder, 'data')]);
      expect(verified.stdout + verified.stderr).to.contain('PASS');
      expect(verified.code).to.be.oneOf([0, 3]);
    });
  }
});
