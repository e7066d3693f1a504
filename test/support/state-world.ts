// A few places with state files in them, changed by a seeded sequence of what runs, people and accidents do, and seen
// as sightings. The model of test/recorder/sequences.test.ts; knows nothing of what a recorder makes of it.
import type { LockSighting, StateSighting } from '../../daemon/sources/source.ts';
import { formatWorldState, NAMES, type WorldInstance, type WorldState } from './world-state.ts';

type File = WorldState | 'absent' | 'empty' | 'garbage';

interface Place {
  readonly uri: string;
  file: File;
  before: WorldState | undefined;
  version: number;
  writtenMs: number;
  lock: LockSighting | undefined;
  /** Taken since the last sighting. */
  holds: number;
  backup: { readonly state: WorldState; readonly modifiedMs: number; isNew: boolean } | undefined;
  recent: LockSighting[];
}

export type Random = () => number;

export interface World {
  /** Does one thing; the returned word names it. The places that it touched are to be looked at. */
  act(nowMs: number): { readonly what: string; readonly uris: readonly string[] };
  sight(uri: string): StateSighting;
  readonly uris: readonly string[];
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

const OPERATIONS = [
  'OperationTypeApply',
  'OperationTypeApply',
  'OperationTypeRefresh',
  'state-rm',
  'state-push',
  'made-up',
];

export function createWorld(random: Random, options: { readonly withMarks: boolean }): World {
  let counter = 0;
  const whole = (below: number): number => Math.floor(random() * below);
  const pick = <T>(list: readonly T[]): T => list[whole(list.length)] as T;
  const fresh = (word: string): string => `${word}-${(counter += 1)}`;

  const places: Place[] = ['one', 'two', 'three/terraform.tfstate.d/dev'].map((name) => ({
    uri: `dir:infra/${name}/terraform.tfstate`,
    file: 'absent',
    before: undefined,
    version: 0,
    writtenMs: 0,
    lock: undefined,
    holds: 0,
    backup: undefined,
    recent: [],
  }));

  const instance = (): WorldInstance => ({
    attributes: {
      id: fresh('id'),
      size: whole(3),
      list: Array.from({ length: whole(4) }, () => whole(3)),
      map: Object.fromEntries(Array.from({ length: whole(3) }, () => [pick(NAMES), whole(2)])),
      secret: fresh('hidden-value'),
      'od/d~key': pick([null, true, 1.5, {}, []]),
    },
    tainted: false,
    marks: options.withMarks && random() < 0.3 ? [] : ['secret'],
  });

  const newState = (): WorldState => ({
    lineage: fresh('lineage'),
    serial: BigInt(1 + whole(3)),
    tool: '1.11.4',
    instances: new Map(NAMES.slice(0, whole(4)).map((name) => [name, instance()])),
    outputs: new Map(random() < 0.5 ? [['ip', { value: whole(9), sensitive: false }]] : []),
  });

  const alter = (state: WorldState): WorldState => {
    const instances = new Map(state.instances);
    const outputs = new Map(state.outputs);
    const name = pick(NAMES);
    const there = instances.get(name);
    const edits: readonly (() => void)[] = [
      () => void instances.set(name, instance()),
      () => void instances.delete(name),
      () => there && void instances.set(name, { ...there, attributes: { ...there.attributes, size: whole(5) } }),
      () =>
        there &&
        void instances.set(name, { ...there, attributes: { ...instance().attributes, id: there.attributes['id'] } }),
      () => there && void instances.set(name, { ...there, tainted: !there.tainted }),
      () => there && void instances.set(`${name} deadbeef`, there),
      () => void instances.delete(`${name} deadbeef`),
      () => {
        const target = pick(NAMES);
        if (there === undefined || instances.has(target)) return;
        instances.delete(name);
        instances.set(target, there);
      },
      () => {
        if (there && options.withMarks)
          instances.set(name, { ...there, marks: there.marks.length > 0 ? [] : ['secret'] });
      },
      () =>
        void outputs.set(pick(['ip', 'port']), {
          value: pick([1, 'x', [1, 2], { k: 1 }]),
          sensitive: options.withMarks && random() < 0.2,
        }),
      () => void outputs.delete(pick(['ip', 'port'])),
      () => undefined,
    ];
    for (let count = 1 + whole(3); count > 0; count -= 1) pick(edits)();
    return { ...state, instances, outputs };
  };

  const put = (place: Place, file: File, nowMs: number): void => {
    if (typeof place.file === 'object') place.before = place.file;
    place.file = file;
    place.version += 1;
    place.writtenMs = nowMs;
  };

  const write = (place: Place, nowMs: number, toSerial: (serial: bigint) => bigint): void => {
    const state = typeof place.file === 'object' ? place.file : undefined;
    if (state && random() < 0.5) place.backup = { state, modifiedMs: nowMs, isNew: true };
    const next = state ? alter(state) : random() < 0.5 && place.before ? place.before : newState();
    put(place, { ...next, serial: toSerial(next.serial) }, nowMs);
  };

  const takeLock = (place: Place, nowMs: number): void => {
    const id = fresh('lock');
    const info = { id, operation: pick(OPERATIONS), info: '', who: 'ann@host', version: '', created: '', path: '' };
    const isRead = random() < 0.8;
    place.lock = { holder: 'held', info: isRead ? info : undefined, createdMs: nowMs, pid: 1 };
    place.holds += 1;
    if (isRead) place.recent.push(place.lock);
  };

  type Act = (place: Place, nowMs: number) => readonly Place[];
  const one =
    (run: (place: Place, nowMs: number) => void): Act =>
    (place, nowMs) => {
      run(place, nowMs);
      return [place];
    };
  const change = (edit: (state: WorldState) => WorldState): Act =>
    one((place, nowMs) => {
      if (typeof place.file === 'object') put(place, edit(place.file), nowMs);
    });
  const up = (serial: bigint): bigint => serial + BigInt(1 + whole(3));
  const acts: readonly (readonly [number, string, Act])[] = [
    [12, 'write', one((place, nowMs) => write(place, nowMs, up))],
    [2, 'write at the same serial', one((place, nowMs) => write(place, nowMs, (serial) => serial))],
    [
      2,
      'write at a lower serial',
      one((place, nowMs) => write(place, nowMs, (serial) => (serial > 2n ? serial - 2n : 0n))),
    ],
    [1, 'write at the highest serial', one((place, nowMs) => write(place, nowMs, () => 2n ** 64n - 1n))],
    [2, 'move the serial', change((state) => ({ ...state, serial: up(state.serial) }))],
    [1, 'another tool', change((state) => ({ ...state, tool: pick(['1.11.4', '1.12.0']) }))],
    [1, 'another lineage', change((state) => ({ ...state, lineage: fresh('lineage') }))],
    [1, 'restore', one((place, nowMs) => place.before && put(place, place.before, nowMs))],
    [1, 'touch', one((place, nowMs) => put(place, place.file, nowMs))],
    [2, 'empty', one((place, nowMs) => put(place, 'empty', nowMs))],
    [2, 'remove', one((place, nowMs) => put(place, 'absent', nowMs))],
    [2, 'garbage', one((place, nowMs) => put(place, 'garbage', nowMs))],
    [6, 'lock', one((place, nowMs) => place.lock === undefined && takeLock(place, nowMs))],
    [6, 'unlock', one((place) => (place.lock = undefined))],
    [1, 'the holder dies', one((place) => place.lock && (place.lock = { ...place.lock, holder: 'stale' }))],
    [1, 'a foreign lock', one((place, nowMs) => takeLock(place, nowMs))],
    [
      1,
      'copy',
      (place, nowMs) => {
        const target = pick(places);
        if (target !== place && typeof place.file === 'object') put(target, place.file, nowMs);
        return [target, place];
      },
    ],
    [
      1,
      'move',
      (place, nowMs) => {
        const target = pick(places);
        if (target === place || typeof place.file !== 'object') return [];
        put(target, place.file, nowMs);
        put(place, 'absent', nowMs);
        return random() < 0.5 ? [place, target] : [target, place];
      },
    ],
    [
      1,
      'swap',
      (place, nowMs) => {
        const target = pick(places);
        const mine = place.file;
        if (target === place) return [];
        put(place, target.file, nowMs);
        put(target, mine, nowMs);
        return [place, target];
      },
    ],
  ];
  const total = acts.reduce((sum, [weight]) => sum + weight, 0);
  const pickAct = (): readonly [number, string, Act] => {
    let left = random() * total;
    for (const act of acts) if ((left -= act[0]) < 0) return act;
    return acts[0] as readonly [number, string, Act];
  };

  return {
    uris: places.map(({ uri }) => uri),
    act(nowMs) {
      const [, what, run] = pickAct();
      return { what, uris: run(pick(places), nowMs).map(({ uri }) => uri) };
    },
    sight(uri) {
      const place = places.find((candidate) => candidate.uri === uri) as Place;
      const sighting = toSighting(place);
      place.holds = 0;
      place.recent = [];
      if (place.backup) place.backup.isNew = false;
      return sighting;
    },
  };
}

function toSighting(place: Place): StateSighting {
  const { file, backup } = place;
  const condition = file === 'absent' || file === 'empty' ? file : 'state';
  const text = file === 'garbage' ? '{"version":4,}' : typeof file === 'object' ? formatWorldState(file) : '';
  return {
    reference: { uri: place.uri, workspace: place.uri.includes('.d/dev') ? 'dev' : 'default' },
    condition,
    sourceVersion: file === 'absent' ? '' : `${place.version}-${text.length}-1`,
    bytes: Buffer.from(text),
    effectiveTime: file === 'absent' ? '' : new Date(place.writtenMs).toISOString(),
    timeBasis: 'mtime',
    problem: undefined,
    lock: place.lock,
    lockHoldsSince: place.holds,
    lastLock: place.recent.at(-1),
    recentLocks: place.recent,
    backup:
      backup?.isNew === true
        ? {
            sourceVersion: `b${backup.modifiedMs}-1-2`,
            bytes: Buffer.from(formatWorldState(backup.state)),
            modifiedMs: backup.modifiedMs,
          }
        : undefined,
    numberedBackupSeconds: 0,
  };
}
