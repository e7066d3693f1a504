// The log that the tests of the reading verbs share: an apply, a manual edit, a missed version, and hostile texts.
import type { JsonObject } from '../../daemon/json/value.ts';
import { DNS, openSampleLog, stateOf, type SampleLog } from '../support/sample-log.ts';

/** Everything a terminal must never see raw: escape sequences, bidi overrides, zero-width and control characters. */
export const HOSTILE = 'x\u001b[2J\u001b]0;t\u0007\u202egnp\u2066\u200b\u009b31m\r\n\t\u2028';

export interface SampleChanges extends SampleLog {
  readonly apply: number;
  readonly manual: number;
  readonly missed: number;
}

/** `folder`: of a log to go on with. */
export function openSampleChanges(folder?: string): SampleChanges {
  const log = openSampleLog(folder);
  log.append('log.created', {});
  const apply = log.change({
    time: '2026-06-23T14:02:11.000Z',
    from: '41',
    to: '44',
    steps: [
      {
        address: 'aws_security_group_rule.db_ingress',
        actions: ['update'],
        changes: [{ path: '/cidr_blocks/0', before: '10.0.0.0/8', after: '10.20.0.0/16' }],
      },
      {
        address: 'aws_db_instance.main',
        actions: ['update'],
        changes: [{ path: '/allocated_storage', before: 100, after: 200 }],
        hidden: [{ path: '/password', by: 'mark', kid: 'e1', commitment: 'c', changed: true }],
      },
      {
        address: 'aws_route.legacy["eu-west-1"]',
        actions: ['delete'],
        changes: [{ path: '', before: { id: 'r-1', tags: { 'x.y': 'z' } } }],
      },
      { output: 'zone', actions: ['update'], changes: [{ path: '', before: 'a', after: 'b' }] },
    ],
    actions: [
      netAction('aws_db_instance.main', ['update']),
      netAction('aws_lb.b', ['delete', 'create']),
      { ...netAction('aws_lb.new', ['move']), previousAddress: 'aws_lb.old' },
      netAction('aws_route.legacy["eu-west-1"]', ['delete']),
      netAction('aws_security_group_rule.db_ingress', ['update']),
    ],
    counts: { update: 2, delete: 1, replace: 1, move: 1, output: 1 },
  });
  const manual = log.change({
    state: DNS,
    time: '2026-06-22T23:17:00.000Z',
    from: '40',
    to: '41',
    steps: [],
    actions: [netAction('aws_route53_record.www', ['forget'])],
    counts: { forget: 1 },
    data: { kind: 'manual', continuity: 'monotonic-only', lock: { id: 'l', operation: 'state-rm' } },
  });
  const missed = log.append(
    'state.missed',
    { state: { ...DNS }, fromSerial: '12', toSerial: '14', reason: 'recorder-stopped' },
    { time: '2026-06-21T10:00:00.000Z' },
  );
  return { ...log, apply, manual, missed };
}

/** Appends one change in which every text a state's owner can choose is hostile. */
export function appendHostile(log: SampleLog): number {
  const address = `aws_x.y["${HOSTILE}"]`;
  return log.change({
    state: { ...stateOf('evil'), name: HOSTILE, reference: `dir:${HOSTILE}` },
    time: '2026-06-23T15:00:00.000Z',
    from: HOSTILE,
    to: HOSTILE,
    steps: [
      {
        address,
        type: HOSTILE,
        actions: ['update'],
        changes: [{ path: `/tags/${HOSTILE}`, before: HOSTILE, after: `${HOSTILE}2` }],
      },
      { output: HOSTILE, actions: ['create'], changes: [{ path: '', after: HOSTILE }] },
    ],
    actions: [{ ...netAction(address, ['move', 'update']), previousAddress: `aws_x.${HOSTILE}`, deposed: HOSTILE }],
    data: {
      kind: HOSTILE,
      continuity: HOSTILE,
      kindBasis: HOSTILE,
      movedFrom: HOSTILE,
      recovered: HOSTILE,
      form: HOSTILE,
      lock: { id: HOSTILE, operation: HOSTILE },
      claims: [{ field: 'actor', value: HOSTILE, known: HOSTILE, by: HOSTILE }],
      vantage: { recorder: HOSTILE, host: HOSTILE, source: HOSTILE },
    },
  });
}

function netAction(address: string, actions: readonly string[]): JsonObject {
  return { address, resourceType: address.slice(0, address.indexOf('.')), actions: [...actions] };
}
