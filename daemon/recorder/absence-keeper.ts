// What stands at a reference when no version can be read there: nothing, an empty file, something else. Never a deletion
// of resources: a file that stays away retires its state, and says so.
import type { LastGood } from '../record/data.ts';
import { isKeptUri } from '../sources/reference.ts';
import type { StateSighting } from '../sources/source.ts';
import type { StateRow } from '../store/states.ts';
import { readUnreadable } from '../store/unreadable.ts';
import type { Moment } from './appender.ts';
import type { ChangeKeeper } from './change-keeper.ts';
import { identityOf, momentOf } from './identity.ts';
import { hideInClaims, WITHHELD } from './known-secrets.ts';
import type { Outcome, RecorderParts, SightingContext } from './parts.ts';

export interface AbsenceKeeper {
  /** Nothing readable for now: empty or absent. What a store has deleted is gone at once. */
  away(sighting: StateSighting, context: SightingContext): Outcome['verdict'];
  /** The store was told to delete it, and by whom: retired at once. */
  remove(sighting: StateSighting, context: SightingContext): Outcome['verdict'];
  /** Returns true when it was recorded, false when this version was recorded before. */
  unreadable(sighting: StateSighting, context: SightingContext, code: string, reason: string): boolean;
  /** Names what has been away since before `beforeMs`. */
  settle(beforeMs: number): boolean;
  /** Reads again what was recorded, after a transaction was rolled back. */
  reload(): void;
}

const byOurClock: Moment = { source: 'directory', effectiveTime: '', timeBasis: 'clock' };

export function createAbsenceKeeper(parts: RecorderParts, changes: ChangeKeeper): AbsenceKeeper {
  const { states, appender, observer, environment } = parts;
  let unreadableSeen = readUnreadable(parts.database);

  function retire(row: StateRow, moment: Moment): void {
    changes.close(row, moment.source, false);
    const isWorkspace = row.uri.includes('/terraform.tfstate.d/') || (isInStore(row) && row.workspace !== 'default');
    appender.append({
      type: 'state.retired',
      source: row.uri,
      subject: row.name,
      moment,
      data: {
        state: identityOf(row),
        reason: isWorkspace ? 'workspace-deleted' : 'vanished',
        lineage: row.lineage,
        serial: row.serial,
      },
    });
    states.put({ ...(states.byId(row.id) ?? row), condition: 'absent', isRetired: true });
  }

  /** What stood there last, and was no deletion. */
  const lastGoodOf = ({ id, lineage, serial, form }: StateRow): LastGood =>
    form === 'opaque' ? { lineage, serial } : { lineage, serial, instances: states.rawTags(id).size };

  function recordEmpty(row: StateRow): void {
    appender.append({
      type: 'state.unreadable',
      source: row.uri,
      subject: row.name,
      moment: { source: 'directory', effectiveTime: '', timeBasis: 'clock' },
      data: {
        reference: row.uri,
        state: identityOf(row),
        code: 'state-empty',
        reason: 'the file is empty; no resource was deleted by this',
        sourceVersion: row.sourceVersion,
        lastGood: lastGoodOf(row),
      },
    });
    states.put({ ...row, unreadableVersion: 'empty' });
  }

  return {
    away(sighting, context) {
      const row = states.byUri(sighting.reference.uri);
      if (row !== undefined && sighting.timeBasis === 'store' && sighting.sourceVersion !== '') {
        retire(row, momentOf(sighting, context));
        return 'recorded';
      }
      if (row === undefined || row.condition === sighting.condition) return 'nothing';
      states.put({ ...row, condition: sighting.condition, conditionSinceMs: environment.now() });
      return 'nothing';
    },
    remove(sighting, context) {
      const row = states.byUri(sighting.reference.uri);
      if (row === undefined) return 'nothing';
      changes.close(row, context.source, false);
      const { lineage, serial } = row;
      appender.append({
        type: 'state.retired',
        source: row.uri,
        subject: row.name,
        moment: { source: context.source, effectiveTime: '', timeBasis: 'clock' },
        data: {
          state: identityOf(row),
          reason: 'deleted',
          lineage,
          serial,
          claims: hideInClaims(context.claims ?? [], observer.covers),
        },
      });
      states.put({ ...(states.byId(row.id) ?? row), isRetired: true });
      return 'recorded';
    },
    unreadable(sighting, context, code, reason) {
      const { uri } = sighting.reference;
      const row = states.byUri(uri);
      const mark = `${code}:${sighting.sourceVersion}`;
      if (row?.unreadableVersion === sighting.sourceVersion || unreadableSeen.get(uri) === mark) return false;
      unreadableSeen.set(uri, mark);
      if (row) states.put({ ...row, condition: 'unreadable', unreadableVersion: sighting.sourceVersion });
      appender.append({
        type: 'state.unreadable',
        source: uri,
        subject: row?.name ?? uri,
        moment: momentOf(sighting, context),
        data: {
          reference: uri,
          state: row && identityOf(row),
          code,
          reason: observer.covers(reason) ? `${WITHHELD}: the reason would repeat a known secret` : reason,
          sourceVersion: sighting.sourceVersion,
          lastGood: row && lastGoodOf(row),
        },
      });
      return true;
    },
    reload() {
      unreadableSeen = readUnreadable(parts.database);
    },
    settle(beforeMs) {
      const live = states.all().filter((row) => !row.isRetired);
      // The clock was set back: what is away is away from here on.
      const ahead = live.filter((row) => row.conditionSinceMs > environment.now());
      for (const row of ahead) states.put({ ...row, conditionSinceMs: environment.now() });
      const due = live.filter((row) => row.conditionSinceMs <= beforeMs);
      const gone = due.filter((row) => row.condition === 'absent');
      const empty = due.filter((row) => row.condition === 'empty' && row.unreadableVersion !== 'empty');
      gone.forEach((row) => retire(row, { ...byOurClock, source: sourceOf(row) }));
      empty.forEach((row) => recordEmpty(row));
      return gone.length + empty.length > 0;
    },
  };
}

/** Nobody looks when time passes: the reference tells who saw it last. */
function sourceOf({ uri }: StateRow): string {
  return isKeptUri(uri) ? 'backend' : byOurClock.source;
}

function isInStore({ uri }: StateRow): boolean {
  return !uri.startsWith('dir:');
}
