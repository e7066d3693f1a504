// Every resource of the API behind the guards, in one table: where it is, who may ask, what it tells of, how it answers.
import type { OpenLog } from '../answers/open-log.ts';
import { createReadHandler, type Read } from './answer.ts';
import { change, changes, counts, resourceChanges, resourceHistory, totals } from './changes.ts';
import type { LiveRecorder } from './live.ts';
import { createLocksRead, createReadyRead, createStatusRead, inventory, logFacts } from './log-facts.ts';
import { batch, batches, checkpoint, checkpoints, consistency, inclusion } from './proofs.ts';
import { record, recordProof, records } from './records.ts';
import type { Resource } from './resource.ts';
import { plan, plans, run, runs } from './runs.ts';
import { createSealHandler } from './seal.ts';
import { state, stateDiff, stateHistory, states } from './states.ts';
import { createStreamHandler } from './stream.ts';
import { createTileHandler, tileCheckpoint } from './tiles.ts';

export interface ResourceParts {
  readonly log: OpenLog;
  readonly live: LiveRecorder;
}

export function createResources({ log, live }: ResourceParts): readonly Resource[] {
  const get = { method: 'get', scope: 'read' } as const;
  const ofStates = { ...get, reach: 'states', recorded: 'read' } as const;
  const ofLog = { ...get, reach: 'log', recorded: 'read' } as const;
  const exempt = { ...get, reach: 'log', recorded: 'exempt' } as const;
  const by = (read: Read): Pick<Resource, 'handler'> => ({ handler: createReadHandler(log, read) });
  return [
    { ...exempt, reach: 'states', path: '/readyz', ...by(createReadyRead(live)) },
    { ...ofLog, path: '/v1/log', ...by(logFacts) },
    { ...ofLog, path: '/v1/status', ...by(createStatusRead(live)) },
    { ...ofStates, path: '/v1/changes', ...by(changes) },
    { ...ofStates, path: '/v1/changes/:key', ...by(change) },
    { ...ofStates, path: '/v1/resource-changes', ...by(resourceChanges) },
    { ...ofStates, path: '/v1/resources/:address/history', ...by(resourceHistory) },
    { ...ofStates, path: '/v1/counts', ...by(counts) },
    { ...ofStates, path: '/v1/totals', ...by(totals) },
    { ...ofStates, path: '/v1/states', ...by(states) },
    { ...ofStates, path: '/v1/states/:name', ...by(state) },
    { ...ofStates, path: '/v1/states/:name/history', ...by(stateHistory) },
    { ...ofStates, path: '/v1/states/:name/diff', ...by(stateDiff) },
    { ...ofStates, path: '/v1/inventory', ...by(inventory) },
    { ...ofStates, path: '/v1/locks', ...by(createLocksRead(live)) },
    { ...ofLog, path: '/v1/plans', ...by(plans) },
    { ...ofLog, path: '/v1/plans/:key', ...by(plan) },
    { ...ofLog, path: '/v1/runs', ...by(runs) },
    { ...ofLog, path: '/v1/runs/:key', ...by(run) },
    { ...ofLog, path: '/v1/records', ...by(records) },
    { ...ofLog, path: '/v1/records/:key', ...by(record) },
    { ...ofLog, path: '/v1/records/:key/proof', ...by(recordProof) },
    { ...ofLog, path: '/v1/stream', handler: createStreamHandler(log) },
    { ...ofLog, path: '/v1/checkpoint', ...by(checkpoint) },
    { ...ofLog, path: '/v1/checkpoints', ...by(checkpoints) },
    { ...ofLog, path: '/v1/batches', ...by(batches) },
    { ...ofLog, path: '/v1/batches/:size', ...by(batch) },
    { ...ofLog, path: '/v1/proofs/inclusion', ...by(inclusion) },
    { ...ofLog, path: '/v1/proofs/consistency', ...by(consistency) },
    { ...ofLog, method: 'post', scope: 'admin', path: '/v1/seal', handler: createSealHandler(live) },
    { ...exempt, path: '/tlog/checkpoint', ...by(tileCheckpoint) },
    { ...exempt, path: '/tlog/tile/*tile', handler: createTileHandler(log) },
  ];
}
