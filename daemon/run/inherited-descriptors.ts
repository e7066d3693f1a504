// Open files beyond the three standard ones that the caller handed down: `-var-file=<(…)`, `-json-into=/dev/fd/3`, a job
// server of make. Node hides them from its children; Terraform must get them under the same numbers.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** More would be somebody's leak. */
const MAX_NUMBER = 255;
const O_NONBLOCK = 0o4000;
const O_ACCMODE = 0o3;

interface Descriptor {
  readonly number: number;
  readonly target: string;
  readonly flags: number;
}

/** Asked before anything else is opened. Empty where there is no /proc. */
export function listInheritedDescriptors(): readonly number[] {
  return selectInherited(readDescriptors());
}

/**
 * Node's own are event queues, and pipes it holds both ends of or never waits for; they are numbered after what was
 * there at its start, except where that left holes.
 */
export function selectInherited(descriptors: readonly Descriptor[]): readonly number[] {
  const firstOwn = Math.min(...descriptors.filter(({ target }) => isQueue(target)).map(({ number }) => number));
  const isInherited = ({ number, target, flags }: Descriptor): boolean => {
    if (number < 3 || number > MAX_NUMBER || isQueue(target)) return false;
    if (number < firstOwn || !target.startsWith('pipe:')) return true;
    const hasOtherEnd = descriptors.some(
      (other) => other.target === target && isWriteEnd(other.flags) !== isWriteEnd(flags),
    );
    return !hasOtherEnd && (flags & O_NONBLOCK) === 0;
  };
  return descriptors.filter(isInherited).map(({ number }) => number);
}

/** What goes after the three standard entries of `stdio`: the same number in the child, and nothing in between. */
export function toStdio(numbers: readonly number[]): ('ignore' | number)[] {
  const last = Math.max(2, ...numbers);
  return Array.from({ length: last - 2 }, (_, index) => (numbers.includes(index + 3) ? index + 3 : 'ignore'));
}

function isWriteEnd(flags: number): boolean {
  return (flags & O_ACCMODE) !== 0;
}

function isQueue(target: string): boolean {
  return target.startsWith('anon_inode:');
}

function readDescriptors(): readonly Descriptor[] {
  let names: readonly string[];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    return []; // Not Linux: what Node lets through gets through.
  }
  return names.flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      const flags = /^flags:\s*([0-7]+)/mu.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'))?.[1] ?? '0';
      return [{ number: Number(name), target, flags: parseInt(flags, 8) }];
    } catch {
      return []; // The listing's own.
    }
  });
}
