// One temporary folder of a test, what it may hold, and a source over it that is closed with the test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openDirectorySource, type DirectorySourceOptions } from '../../daemon/sources/directory.ts';
import type { DiscoveredState, StateReference, StateSource } from '../../daemon/sources/source.ts';

export class LocalTree {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'stateseal-sources-')));
  readonly #sources: StateSource[] = [];

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  /** Writes in place, as Terraform does. `ageMs` sets the time of the file back. */
  write(path: string, content: string | Uint8Array, ageMs = 0): string {
    const file = this.path(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (ageMs > 0) utimesSync(file, new Date(), new Date(Date.now() - ageMs));
    return file;
  }

  fifo(path: string): string {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    execFileSync('mkfifo', [this.path(path)]);
    return this.path(path);
  }

  /** A source over this folder, labelled "infra", unless told otherwise. */
  open(options: Partial<DirectorySourceOptions> = {}): StateSource {
    const source = openDirectorySource({ roots: [{ label: 'infra', path: this.dir }], ...options });
    this.#sources.push(source);
    return source;
  }

  async close(): Promise<void> {
    for (const source of this.#sources) await source.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A small state, version 4, of one serial. */
export function stateText(serial: number, filler = ''): string {
  const state = { version: 4, serial, lineage: '6b1f', outputs: {}, resources: [], filler };
  return `${JSON.stringify(state, null, 2)}\n`;
}

export function lockText(id: string, operation = 'OperationTypeApply'): string {
  const common = { Info: '', Who: 'ana@runner-7', Version: '1.11.4', Path: 'terraform.tfstate' };
  return JSON.stringify({ ID: id, Operation: operation, ...common, Created: '2026-01-02T03:04:05.678Z' });
}

export function referenceTo(relativePath: string, label = 'infra'): StateReference {
  return { uri: `dir:${label}/${relativePath}`, workspace: 'default' };
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

/** Each state's reference without the label, with the reason where it is not watched. */
export function listOf(states: readonly DiscoveredState[]): readonly string[] {
  return states.map(({ reference, reason }) => reference.uri.replace('dir:infra/', '') + (reason && ` (${reason})`));
}

/** Asks again and again until the answer is neither undefined nor false; fails after `limitMs`. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  limitMs = 5_000,
): Promise<Exclude<T, undefined | false>> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() > endMs) throw new Error(`expected ${what} within ${limitMs} ms, got nothing`);
    await delay(5);
  }
}
