// Where the log says it is kept and for how long, by its own lines: `log.created`, and `log.configured` at every start.
// They outlive their batch in the manifest, so the promise can be read when the content has expired. Pure.
import { ParseError } from '../errors.ts';
import { isJsonObject, member, type JsonObject } from '../json/value.ts';
import type { KeptLine } from '../merkle/manifest.ts';
import { parseRecord } from '../record/record.ts';

export interface ArchivePolicy {
  /** As the recorder was told: s3://bucket/prefix or a path. Written by others: escape it. */
  readonly location: string;
  /** 'none': a directory, which locks nothing. */
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE' | 'none';
  readonly structureDays: number;
  readonly contentDays: number;
}

export interface LogPolicy {
  /** Lines of an accepted manifest, in order. */
  add(kept: readonly KeptLine[]): void;
  /** The newest one named so far. */
  current(): ArchivePolicy | undefined;
  /** Every place that the log ever named: it may have moved. */
  locations(): readonly string[];
}

const STATES_POLICY = /"type":"io\.stateseal\.log\.(?:created|configured)"}$/;
const MAX_LOCATIONS = 1000;

export function createLogPolicy(): LogPolicy {
  const locations = new Set<string>();
  let current: ArchivePolicy | undefined;
  return {
    current: () => current,
    locations: () => [...locations],
    add(kept) {
      for (const { line } of kept) {
        const policy = STATES_POLICY.test(line) ? readPolicy(line) : undefined;
        if (policy === undefined) continue;
        current = policy;
        if (locations.size < MAX_LOCATIONS) locations.add(policy.location);
      }
    },
  };
}

/** In `log.created` itself, in `log.configured` among the settings; undefined where it says nothing of an archive. */
function readPolicy(line: string): ArchivePolicy | undefined {
  try {
    const { data } = parseRecord(Buffer.from(line));
    const settings = member(data, 'settings');
    const archive = member(isJsonObject(settings) ? settings : data, 'archive');
    return isJsonObject(archive) ? toPolicy(archive) : undefined;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function toPolicy(archive: JsonObject): ArchivePolicy | undefined {
  const location = member(archive, 'location');
  const mode = member(archive, 'mode');
  if (typeof location !== 'string' || (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE' && mode !== 'none'))
    return undefined;
  return { location, mode, structureDays: days(archive, 'structureDays'), contentDays: days(archive, 'contentDays') };
}

function days(archive: JsonObject, key: string): number {
  const value = member(archive, key);
  return typeof value === 'number' && value >= 0 ? value : 0;
}
