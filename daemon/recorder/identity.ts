// Members that many records share, taken from a state's row, an observation and a sighting. Pure.
import type { JsonObject } from '../json/value.ts';
import type { StateIdentity, StateVersionData } from '../record/data.ts';
import type { ObservedState } from '../record/observation.ts';
import type { StateSighting } from '../sources/source.ts';
import { objectAt, textAt } from '../store/queries-fields.ts';
import type { StateRow } from '../store/states.ts';
import type { Moment } from './appender.ts';
import type { SightingContext } from './parts.ts';

export function identityOf(row: StateRow): StateIdentity {
  return { id: row.id, name: row.name, reference: row.uri, workspace: row.workspace };
}

export function versionOf(observed: ObservedState, sourceVersion: string): StateVersionData {
  return {
    lineage: observed.lineage,
    serial: observed.serial,
    sourceVersion,
    toolVersion: observed.toolVersion,
    content: { kid: observed.kid, commitment: observed.commitment },
  };
}

export function momentOf(sighting: StateSighting, context: Pick<SightingContext, 'source' | 'isBackfilled'>): Moment {
  const { effectiveTime, timeBasis } = sighting;
  return { source: context.source, effectiveTime, timeBasis, ...backfilledOf(context) };
}

export function backfilledOf({ isBackfilled }: Pick<SightingContext, 'isBackfilled'>): Pick<Moment, 'backfilled'> {
  return isBackfilled === true ? { backfilled: true } : {};
}

export const NO_VERSION: StateVersionData = {
  lineage: '',
  serial: '',
  sourceVersion: '',
  toolVersion: '',
  content: { kid: '', commitment: '' },
};

/** The version that a record's data names; undefined where it names none. */
export function readVersion(data: JsonObject): StateVersionData | undefined {
  const version = objectAt(data, 'version');
  if (version === undefined) return undefined;
  return {
    lineage: textAt(version, 'lineage'),
    serial: textAt(version, 'serial'),
    sourceVersion: textAt(version, 'sourceVersion'),
    toolVersion: textAt(version, 'toolVersion'),
    content: { kid: textAt(version, 'content', 'kid'), commitment: textAt(version, 'content', 'commitment') },
  };
}
