// A live state is baselined again before its newest snapshot reaches half of the content's retention: what the archive
// still holds is then enough to tell, and to restore, what the state is. Nothing came or went by that.
import { isJsonObject } from '../json/value.ts';
import type { StateVersionData } from '../record/data.ts';
import { parseRecord } from '../record/record.ts';
import type { StateRow } from '../store/states.ts';
import { identityOf } from './identity.ts';
import type { RecorderParts } from './parts.ts';
import { formatSnapshot } from './snapshot-blob.ts';
import { parseBody, parseOutput } from './steps.ts';

export interface Renewals {
  /** Renews one state that is due, at most; call about once a second. Returns true when it did. */
  renewOne(): boolean;
}

const DAY_MS = 86_400_000;
/** How often all states are asked for their age. */
const ROUND_MS = 3_600_000;

/** `contentDays`: 0 = the content is not locked, and nothing is renewed. */
export function createRenewals(parts: RecorderParts, contentDays: number): Renewals {
  const { database, states, appender, observer, environment } = parts;
  const newestBaseline = database
    .prepare<[string], number | null>(
      "SELECT max(recorded_ms) FROM record_index WHERE state_id = ? AND type = 'state.baselined'",
    )
    .pluck();
  let due: string[] = [];
  let nextRoundMs = 0;

  const isDue = (row: StateRow): boolean => {
    const age = environment.now() - (newestBaseline.get(row.id) ?? 0);
    return !row.isRetired && row.form === 'clear' && age >= (contentDays * DAY_MS) / 2;
  };

  const renew = (row: StateRow, version: StateVersionData): void => {
    const [reRedact, reRedactOutput] = [observer.reRedact(row.id), observer.reRedactOutput(row.id)];
    const instances = [...states.snapshots(row.id)].map(({ address, deposed, body }) => ({
      address,
      deposed,
      body: reRedact(address, parseBody(body), undefined),
    }));
    const outputs = [...states.outputs(row.id)].sort().map(([name, text]) => ({
      name,
      ...reRedactOutput(name, parseOutput(text), undefined),
    }));
    appender.append({
      type: 'state.baselined',
      source: row.uri,
      subject: row.name,
      moment: { source: 'recorder', effectiveTime: '', timeBasis: 'clock' },
      data: {
        state: identityOf(row),
        version,
        reason: 'renewed',
        form: row.form,
        instances: instances.length,
        outputs: outputs.length,
        snapshot: appender.blob(formatSnapshot(instances, outputs)),
      },
    });
  };

  return {
    renewOne() {
      if (contentDays === 0) return false;
      if (due.length === 0 && environment.now() >= nextRoundMs) {
        nextRoundMs = environment.now() + ROUND_MS;
        due = states
          .all()
          .filter(isDue)
          .map(({ id }) => id);
      }
      const row = states.byId(due.shift() ?? '');
      // A change that is going on has its own base: the round after it takes its turn.
      if (row === undefined || !isDue(row) || states.openChange(row.id) !== undefined) return false;
      const version = readNewestVersion(parts, row.id);
      if (version === undefined) return false;
      renew(row, version);
      return true;
    },
  };
}

/** What the newest record of a state that has one says of its version. */
function readNewestVersion({ database, entries }: RecorderParts, stateId: string): StateVersionData | undefined {
  const indexes = database
    .prepare<[string], number>(
      'SELECT leaf_index FROM record_index WHERE state_id = ? ORDER BY leaf_index DESC LIMIT 1000',
    )
    .pluck();
  for (const leafIndex of indexes.all(stateId)) {
    const line = entries.read(leafIndex)?.line;
    const version = line === undefined || line.length === 0 ? undefined : parseRecord(line).data['version'];
    if (isJsonObject(version)) return version as unknown as StateVersionData;
  }
  return undefined;
}
