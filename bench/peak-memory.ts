// The peak of this process's own resident memory. Not maxRSS of getrusage(2): on Linux a child takes over that of the
// process it was forked from (600 MB of parent: 590 MB of maxRSS for a child of 43).
import { readFileSync } from 'node:fs';

/** In MB, from VmHWM of proc_pid_status(5); elsewhere than on Linux from getrusage(2). */
export function readPeakMegabytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1000;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error('expected VmHWM in /proc/self/status, got none');
  return Number(kilobytes) / 1000;
}
