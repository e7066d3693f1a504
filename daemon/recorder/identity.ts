// Members that many records share, taken from a state's row, an observation and a sighting. Pure.
import type { StateIdentity, StateVersionData } from '../record/data.ts';
import type { ObservedState } from '../record/observation.ts';
import type { StateSighting } from '../sources/source.ts';
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
