// One state as a log tells it at a leaf or at a time: found by its name, folded from its records, with everything hidden
// that is known as a secret by now.
import type { OpenLog } from './open-log.ts';
import { parseTime } from './time-filter.ts';
import { randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import type { ObservedInstance, ObservedOutput, ObservedState } from '../record/observation.ts';
import { readVersion } from '../recorder/identity.ts';
import { StateFold } from '../recorder/state-fold.ts';
import { readTimeline, type StateTimeline, type TimelineRecord } from '../recorder/state-records.ts';
import { parseBody } from '../recorder/steps.ts';
import { Tagger } from '../redaction/keys.ts';
import { createBlobReader } from '../store/queries-blob.ts';
import { textAt } from '../store/queries-fields.ts';
import type { StateOutline } from '../store/queries-states.ts';
import { instanceKey } from '../store/states.ts';
import type { Refuse } from './asked.ts';
import type { Knowledge, StateKnowledge } from './knowledge.ts';

/** A point of the log: everything up to a leaf, or what was in force at a time. */
export type Point = { readonly leafIndex: number } | { readonly ms: number };

export interface StateView {
  readonly point: Point;
  /** The newest record it rests on. */
  readonly leafIndex: number;
  /** RFC 3339: when the version was written, by the best clock there is. */
  readonly effectiveTime: string;
  readonly state: ObservedState;
  readonly reference: string;
  readonly isRetired: boolean;
  /** The change that led here was still going on. */
  readonly isChanging: boolean;
  /** False when the body of a record is no longer here: values are missing. */
  readonly isWhole: boolean;
}

/** "#41" or "41": a leaf; else a time as filters take it. Throws what `refuse` makes. */
export function parsePoint(text: string, name: string, nowMs: number, refuse: Refuse): Point {
  const leaf = /^#?([0-9]{1,15})$/u.exec(text)?.[1];
  if (leaf !== undefined) return { leafIndex: Number(leaf) };
  return {
    ms: parseTime(text, nowMs, () => refuse(name, 'a time like 24h or 2026-05-01T14:00Z, or a record like #41')),
  };
}

/** By name, id or reference; the name alone where one is live and others are retired. Throws ConfigError `state-unknown`. */
export function findState(states: readonly StateOutline[], asked: string): StateOutline {
  const found = states.find(({ name, id, reference }) => [name, id, reference].includes(asked));
  if (found !== undefined) return found;
  throw new ConfigError('state-unknown', 'expected the name of a state in the log, got another', {
    hint: 'names: stateseal state list',
  });
}

/** The state at each point, best given in the order of the log; `undefined` for a point before it was known. */
export function viewState(
  log: Pick<OpenLog, 'database' | 'entries'>,
  stateId: string,
  knowledge: Knowledge,
  points: readonly Point[],
): readonly (StateView | undefined)[] {
  const timeline = readTimeline(log, stateId);
  const own = knowledge.ofState(stateId);
  let walk: Walk | undefined;
  return points.map((point) => {
    const position = toPosition(timeline, point);
    if (position === undefined) return undefined;
    const isFurther = walk !== undefined && timeline.follows(walk.position(), position);
    walk = isFurther && walk !== undefined ? walk : openWalk(log, stateId, own, timeline);
    const view = walk.goTo(position);
    return view && { ...view, point };
  });
}

function toPosition(timeline: StateTimeline, point: Point): number | undefined {
  return 'ms' in point ? timeline.positionAt(point.ms) : point.leafIndex;
}

interface Walk {
  readonly position: () => number;
  readonly goTo: (position: number) => Omit<StateView, 'point'> | undefined;
}

/** One fold over several points: only so hidden values of both sides of a renewed snapshot can be compared. */
function openWalk(log: Pick<OpenLog, 'database'>, stateId: string, own: StateKnowledge, timeline: StateTimeline): Walk {
  const fold = new StateFold(stateId, {
    blobs: createBlobReader(log.database),
    tagger: new Tagger(randomBytes(32)),
    tagOf: ({ kid, commitment }) => `${kid}:${commitment}`,
    addressOf: own.hideAddress,
  });
  let at = -1;
  let newest: TimelineRecord | undefined;
  let effectiveTime = '';
  const take = (records: Iterable<TimelineRecord>): void => {
    for (const item of records) {
      fold.add(item.record);
      newest = item;
      if (readVersion(item.record.data)) effectiveTime = textAt(item.record.data, 'effectiveTime');
    }
  };
  return {
    position: () => at,
    goTo(position) {
      take(at < 0 ? timeline.recordsUpTo(position) : timeline.recordsBetween(at, position));
      at = position;
      return newest && toView(fold, own, newest.leafIndex, effectiveTime);
    },
  };
}

function toView(
  fold: StateFold,
  own: StateKnowledge,
  leafIndex: number,
  effectiveTime: string,
): Omit<StateView, 'point'> {
  const row = fold.toRow(0);
  const instances = [...fold.snapshotRows()]
    .map(({ address, deposed, body }): ObservedInstance => {
      return { address, deposed, rawTag: '', body: own.hideBody(address, deposed, parseBody(body)) };
    })
    .sort((a, b) => compare(instanceKey(a.address, a.deposed), instanceKey(b.address, b.deposed)));
  const outputs = [...fold.outputs]
    .map(([name, output]): ObservedOutput => ({ name, ...own.hideOutput(name, output) }))
    .sort((a, b) => compare(a.name, b.name));
  const { form, lineage, serial, toolVersion, isRetired, uri } = row;
  const unknown = { contentTag: '', kid: '', commitment: '' };
  return {
    leafIndex,
    effectiveTime,
    state: { form, lineage, serial, toolVersion, ...unknown, instances, outputs },
    reference: uri,
    isRetired,
    isChanging: fold.open !== undefined,
    isWhole: fold.isWhole,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
