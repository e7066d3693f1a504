// When a process began, in the kernel's ticks: with the pid it names a process for good, for pids come again.
import { readFileSync } from 'node:fs';

/** Field 22 of proc_pid_stat(5), also of one that ended and was not waited for; '' where there is none, or no /proc. */
export function readStartTicks(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in brackets, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
