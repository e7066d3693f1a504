// Starts the command as it would start without us: same terminal, same files, same group. Where something must be done
// in the child before it becomes Terraform, a shell does it and is replaced by it under the same pid.
import { spawn, type ChildProcess } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Readable, Writable } from 'node:stream';
import { toChildEnvironment } from '../config-environment.ts';
import { toStdio } from './inherited-descriptors.ts';

/** Names of signals as `trap` knows them. */
export type IgnoredSignal = 'HUP' | 'INT' | 'QUIT' | 'TERM' | 'PIPE';

export interface StartOptions {
  readonly argv: readonly string[];
  /** What the command sees as its own name; undefined: as it was called. */
  readonly argv0: string | undefined;
  readonly ignored: readonly IgnoredSignal[];
  /** The child waits at a gate until it is let through. */
  readonly isGated: boolean;
  /** Standard output goes through us. */
  readonly isTeed: boolean;
  readonly descriptors: readonly number[];
}

export interface StartedChild {
  readonly child: ChildProcess;
  readonly stream: Readable | undefined;
  /** Only of a gated child. False: it ends without becoming the command. */
  open(isLetThrough: boolean): void;
}

export function startChild(options: StartOptions): StartedChild {
  const { argv, isGated, isTeed, descriptors } = options;
  const gate = isGated ? freeNumber(descriptors) : undefined;
  const prologue = toPrologue(options.ignored, gate);
  const [program = '', ...args] = prologue === '' ? argv : ['/bin/sh', '-c', prologue, 'sh', ...argv];
  const stdio: ('inherit' | 'pipe' | 'ignore' | number)[] = ['inherit', isTeed ? 'pipe' : 'inherit', 'inherit'];
  stdio.push(...toStdio(gate === undefined ? descriptors : [...descriptors, gate]));
  if (gate !== undefined) stdio[gate] = 'pipe';
  const child = spawn(program, args, {
    ...(prologue === '' && options.argv0 !== undefined ? { argv0: options.argv0 } : {}),
    env: toChildEnvironment({ STATESEAL_WRAPPER: String(process.pid) }),
    stdio,
  });
  const opener = gate === undefined ? undefined : (child.stdio[gate] as Writable);
  opener?.on('error', () => undefined);
  return {
    child,
    stream: child.stdout ?? undefined,
    open: (isLetThrough) => void opener?.end(isLetThrough ? '\n' : ''),
  };
}

/**
 * A terminal is left to Terraform. Where standard output and error are one file their order would suffer, so they are
 * left alone too.
 */
export function mayTee(): boolean {
  if (isatty(1)) return false;
  try {
    const [out, error] = [fstatSync(1), fstatSync(2)];
    return !(out.ino === error.ino && out.dev === error.dev);
  } catch {
    return false; // Closed: nothing to copy.
  }
}

function toPrologue(ignored: readonly IgnoredSignal[], gate: number | undefined): string {
  const steps = [
    ...(ignored.length === 0 ? [] : [`trap '' ${ignored.join(' ')}`]),
    ...(gate === undefined ? [] : [`read -r _ <&${gate} || exit 2`, `exec ${gate}<&-`]),
  ];
  return steps.length === 0 ? '' : [...steps, 'exec "$@"'].join('\n');
}

/** A shell of POSIX knows one digit only. */
function freeNumber(descriptors: readonly number[]): number {
  return [3, 4, 5, 6, 7, 8, 9].find((number) => !descriptors.includes(number)) ?? 9;
}
