// States of a few things, and how a source would see their files: what the tests of `stateseal state` record.
import type { LogHarness } from '../support/log-harness.ts';
import { formatWorldState, type WorldState } from '../support/world-state.ts';

/** Every thing has an id, and its attribute `secret` marked. */
export function state(
  serial: number,
  things: Readonly<Record<string, Readonly<Record<string, string | number>>>>,
  lineage = 'lineage-1',
): WorldState {
  const instances = Object.entries(things).map(
    ([name, attributes]) =>
      [name, { attributes: { id: `id-${name}`, ...attributes }, tainted: false, marks: ['secret'] }] as const,
  );
  return { lineage, serial: BigInt(serial), tool: '1.11.4', instances: new Map(instances), outputs: new Map() };
}

export function sighting(
  world: WorldState,
  place: string,
  ms: number,
): Parameters<LogHarness['methods']['observe']>[0] {
  const bytes = Buffer.from(formatWorldState(world));
  return {
    reference: { uri: `dir:infra/${place}/terraform.tfstate`, workspace: 'default' },
    condition: 'state',
    sourceVersion: `${world.serial}-${bytes.length}`,
    bytes,
    effectiveTime: new Date(ms).toISOString(),
    timeBasis: 'mtime',
    problem: undefined,
    lock: undefined,
    lockHoldsSince: 0,
    lastLock: undefined,
    recentLocks: [],
    backup: undefined,
    numberedBackupSeconds: 0,
  };
}
