// Kills recorders and keeps its own list of what they acknowledged, from their words on a pipe, outside the database.
// After each kill everything is verified against that list; the next process goes on where the killed one was.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Archive } from '../../daemon/archive/archive.ts';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import type { S3ArchiveOptions } from '../../daemon/s3/s3-options.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { assertLog, type LogFacts } from './assert-log.ts';
import type { KillOrder } from './kill-target.ts';
import { testVerifier } from './log-harness.ts';
import { createLogScript } from './log-script.ts';

const TARGET = fileURLToPath(new URL('./kill-target.ts', import.meta.url));

export const KILL_LABELS = [
  ...['open', 'observe', 'tick', 'append', 'freeze', 'put-blob', 'put-batch', 'setPhase-content', 'put-seal'],
  ...['setPhase-committed', 'signCheckpoint', 'put-checkpoint', 'publish'],
] as const;

export type KillPlan =
  | { readonly label: (typeof KILL_LABELS)[number]; readonly mode: 'after' | 'during' }
  | { readonly label: 'anywhere'; readonly mode: 'at random' }
  /** By the store that it seals to. */
  | { readonly label: 'anywhere'; readonly mode: 'by the store' };

/** A store beside the recorder, whose faults are its problems and no failures of the test. */
export interface KilledLogStore {
  /** How the process reaches it. */
  readonly s3: S3ArchiveOptions;
  /** Without faults between. */
  open(): Promise<Archive>;
  /** Given the process: `kill` may be called at any time while it lives. */
  arm(kill: () => void): void;
}

/** Where a process was when it died: in a step, right after one, or 'start' before the first. */
export type KillPlace = string;

export interface KilledLog {
  /** Kills once and verifies; where it hit. */
  kill(plan: KillPlan): Promise<KillPlace>;
  /** Lets a last process run to its end and verifies that everything is sealed. */
  finish(): Promise<LogFacts>;
  close(): void;
}

/**
 * `random` gives numbers from 0 to 1; `cacheDir` keeps compiled modules between the processes. Without a store it seals
 * to a directory.
 */
export function openKilledLog(seed: number, random: () => number, cacheDir: string, store?: KilledLogStore): KilledLog {
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-kill-'));
  mkdirSync(join(folder, 'archive'));
  const script = createLogScript(seed);
  const done: string[] = [];
  const signed = new Map<string, string>();
  const position = { serial: 1, isNoted: false, generation: 0 };

  const deedsOf = (kind: string, serial: number): readonly string[] => {
    if (kind === 'observe') return script.steps(serial);
    return kind === 'tick' ? script.closing(serial) : [`note number ${serial}`];
  };

  /** Reads the words of a process that ended; what it began last and was not told of. */
  const learn = (lines: readonly string[]): readonly string[] => {
    let begun: readonly string[] = [];
    for (const line of lines) {
      const [word = '', second = '', third = '', fourth = ''] = line.split(' ');
      if (word === 'problem' && store === undefined) throw new Error(`the sealer had a problem: ${second}`);
      if (word === 'did' && second === 'signCheckpoint') assertOneTruth(third, fourth);
      if (word === 'begin') {
        const serial = Number(third);
        begun = deedsOf(second, serial).filter((deed) => !done.includes(deed));
        if (serial !== position.serial) position.isNoted = false;
        position.serial = serial;
        if (second === 'note') position.isNoted = true;
      }
      if (word === 'end') {
        done.push(...begun);
        begun = [];
      }
    }
    return begun;
  };

  const assertOneTruth = (prev: string, digest: string): void => {
    expect(signed.get(prev) ?? digest, `signed for prev ${prev}`).to.equal(digest);
    signed.set(prev, digest);
  };

  /** What was ever signed and told is what the database holds still. */
  const assertSigned = (): void => {
    const database = openDatabaseReadOnly(join(folder, 'log.sqlite'));
    try {
      const batches = createBatches(database);
      for (const [prev, digest] of signed) {
        const { checkpoint = '', manifest = '' } = batches.at(Number(prev)) ?? {};
        const found = createHash('sha256')
          .update(checkpoint + manifest)
          .digest('hex');
        expect(found, `signed for prev ${prev}`).to.equal(digest);
      }
    } finally {
      database.close();
    }
  };

  const check = async (begun: readonly string[]): Promise<LogFacts> => {
    const archive = store ? await store.open() : await openDirectoryArchive(join(folder, 'archive'), { create: false });
    const databasePath = join(folder, 'log.sqlite');
    const facts = await assertLog({ databasePath, archive, verifiers: [testVerifier] }, { done, begun });
    await archive.close();
    assertSigned();
    if (facts.hasBegun) done.push(...begun);
    return facts;
  };

  const run = async (
    order: Omit<KillOrder, 'folder' | 'seed' | 'serial' | 'isNoted' | 'generation' | 's3'>,
    plan?: KillPlan,
  ) => {
    const remote = store === undefined ? {} : { s3: store.s3 };
    const started = { folder, seed, ...position, ...order, ...remote };
    const lines = await runTarget(started, plan, random, cacheDir, (kill) => store?.arm(kill));
    position.generation += 1;
    return lines;
  };

  return {
    async kill(plan) {
      const stop =
        plan.label === 'anywhere'
          ? undefined
          : {
              label: plan.label,
              mode: plan.mode,
              occurrence: plan.label === 'open' ? 1 : 1 + Math.floor(random() * 3),
            };
      const lines = await run({ lastSerial: 0, stop }, plan);
      const begun = learn(lines);
      // A first process may be killed before its database is whole: nothing can be lost yet.
      const isThere = existsSync(join(folder, 'log.sqlite')) && lines.some((line) => line.startsWith('did open'));
      if (isThere || done.length > 0) await check(begun);
      return placeOf(lines);
    },
    async finish() {
      const lines = await run({ lastSerial: position.serial + 1, stop: undefined });
      expect(lines.at(-1)).to.equal('finished');
      const facts = await check(learn(lines));
      expect(facts.outlines.every(({ phase }) => phase === 'published')).to.equal(true);
      return facts;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Everything it said until it ended; killed as planned. */
async function runTarget(
  order: KillOrder,
  plan: KillPlan | undefined,
  random: () => number,
  cacheDir: string,
  arm: (kill: () => void) => void,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [TARGET, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: cacheDir },
  });
  const lines: string[] = [];
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const kill = (): void => void child.kill('SIGKILL');
  if (plan?.mode === 'by the store') arm(kill);
  if (plan?.mode === 'at random') void delay(100 + random() * 600).then(kill);
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line !== 'stop') continue;
    if (plan?.mode === 'during') void delay(Math.floor(random() * 4)).then(kill);
    else kill();
  }
  const isEnded = child.exitCode !== null || child.signalCode !== null;
  if (!isEnded) await new Promise((resolve) => child.once('exit', resolve));
  if (plan === undefined ? child.exitCode !== 0 : child.signalCode !== 'SIGKILL') {
    throw new Error(`the recorder ended by itself: ${child.exitCode} ${child.signalCode} ${lines.at(-1)} ${errors}`);
  }
  return lines.filter((line) => line !== 'stop');
}

function placeOf(lines: readonly string[]): KillPlace {
  const last = lines.findLast((line) => line.startsWith('about ') || line.startsWith('did '));
  const [word, label] = last?.split(' ') ?? [];
  if (label === undefined) return 'start';
  return word === 'about' ? `in ${label}` : `after ${label}`;
}
