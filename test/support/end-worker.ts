// Preloaded (--import) into a recorder under test, and so into its thread too: once the file named by
// STATESEAL_TEST_FAULT_FILE appears, the thread fails in the way the file names.
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort } from 'node:worker_threads';

const file = process.env['STATESEAL_TEST_FAULT_FILE'] ?? '';

if (!isMainThread) {
  setInterval(() => {
    const fault = read();
    if (fault === 'throw') throw new Error('SECRET-TEXT of a state');
    if (fault === 'exit') parentPort?.close();
    if (fault === 'memory') fillMemory();
  }, 20).unref();
}

function read(): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function fillMemory(): void {
  const kept: string[][] = [];
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => `${index} ${kept.length}`));
}
