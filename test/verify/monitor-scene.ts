// A log that grows by a batch a day, in a store with a clock, and a watcher of it: days pass without waiting.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Archive } from '../../daemon/archive/archive.ts';
import { createMonitor, type MonitorOptions, type RoundResult } from '../../daemon/verify/monitor.ts';
import { createMonitorFiles } from '../../daemon/verify/monitor-files.ts';
import { createMemoryArchive, type MemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';

export const DAY_MS = 86_400_000;
const LINES_A_DAY = 4;

export interface MonitorScene {
  readonly log: sample.SampleArchive;
  readonly archive: MemoryArchive;
  readonly folder: string;
  readonly checkpointPath: string;
  /** Keys of objects read since the last call. */
  takeReads(): readonly string[];
  /** The pauses asked for since the last call. */
  takePauses(): readonly number[];
  /** Seals up to and with this day, from 0. */
  sealUntil(day: number): Promise<void>;
  /** One round, so many days (or parts of one) after the log began. */
  round(day: number, options?: Partial<MonitorOptions>): Promise<RoundResult>;
  /** What every read does instead of answering. */
  fail: Error | undefined;
  close(): void;
}

/** Days until batch `day` is sealed. */
export const sealedAt = (day: number): number => day + 1;
export const prevOf = (day: number): number => day * LINES_A_DAY;
export const codes = ({ events }: RoundResult): string[] =>
  events.map(({ change, alarm }) => `${change} ${alarm.code}`);

export function dailyLog(days: number, change: (records: sample.SampleRecord[]) => void = () => undefined) {
  const records = sample.wholeLife(days * LINES_A_DAY).map((record, index) => ({
    ...record,
    atSeconds: (index * 86_400) / LINES_A_DAY,
    ...(record.type === 'log.created' ? { data: { heartbeatSeconds: 86_400, archive: policy } } : {}),
    ...(record.type === 'log.stopped' ? { type: 'log.heartbeat' as const, data: {} } : {}),
  }));
  change(records);
  const sizes = Array.from({ length: days }, () => LINES_A_DAY);
  const batches = sample.cut(sample.sampleLines(records), sizes);
  return sample.buildSampleArchive(
    batches.map((lines) => ({ lines })),
    { contentDays: 400 },
  );
}

const policy = { location: 's3://evidence/hub-1', mode: 'COMPLIANCE', structureDays: 400, contentDays: 400 };

export function openMonitorScene(log = dailyLog(20)): MonitorScene {
  let nowMs = sample.sampleStartMs;
  const archive = createMemoryArchive({ now: () => nowMs, location: policy.location });
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-monitor-'));
  const store = createMonitorFiles(folder, log.folder);
  const objects = [...log.objects];
  const reads: string[] = [];
  const pauses: number[] = [];
  const scene: MonitorScene = {
    log,
    archive,
    folder,
    checkpointPath: join(folder, `${log.folder}.checkpoint`),
    fail: undefined,
    takeReads: () => reads.splice(0),
    takePauses: () => pauses.splice(0),
    async sealUntil(day) {
      for (;;) {
        const [name = '', body = Buffer.alloc(0)] = objects[0] ?? [];
        const own = log.seals.findIndex(({ prev }) => name.includes(String(prev).padStart(16, '0')));
        if (own < 0 || own > day) return;
        objects.shift();
        nowMs = sample.sampleStartMs + sealedAt(own) * DAY_MS;
        await archive.put(`${log.folder}/${name}`, body, sample.sha256Hex(body), { mode: 'COMPLIANCE', days: 400 });
      }
    },
    async round(day, options = {}) {
      nowMs = sample.sampleStartMs + day * DAY_MS;
      const [verifier] = log.verifiers;
      if (verifier === undefined) throw new Error('expected a key');
      const monitor = createMonitor({
        openArchive: () => Promise.resolve(observed(archive, scene, reads)),
        verifier,
        store,
        now: () => nowMs,
        pause: (ms) => Promise.resolve(pauses.push(ms) > 0),
        fullEveryMs: 7 * DAY_MS,
        expiryWarningMs: 30 * DAY_MS,
        maxAgeMs: undefined,
        from: 0,
        ...options,
      });
      return monitor.round();
    },
    close: () => rmSync(folder, { recursive: true }),
  };
  return scene;
}

function observed(archive: MemoryArchive, scene: { readonly fail: Error | undefined }, reads: string[]): Archive {
  return {
    location: archive.location,
    isWriteOnce: true,
    clockSkewMs: 0,
    put: () => Promise.reject(new Error('a watcher never writes')),
    versions: (key) => archive.versions(key),
    get(key, versionId, maxBytes) {
      reads.push(key);
      return archive.get(key, versionId, maxBytes);
    },
    list(prefix) {
      if (scene.fail !== undefined) throw scene.fail;
      return archive.list(prefix);
    },
    readLock: (key, versionId) => archive.readLock(key, versionId),
    close: () => Promise.resolve(),
  };
}
