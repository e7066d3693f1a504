// One valid sample per shape, typed as the code types it, so that a sample cannot drift from the types either.
import { formatRecord } from '../../daemon/record/record.ts';
import type {
  BatchArchivedData,
  CommonData,
  RecordType,
  ResourceChangedData,
  StateBaselinedData,
  StateChangedData,
  StateMissedData,
  StateRetiredData,
  StateUnreadableData,
} from '../../daemon/record/data.ts';
import type { AccessExport, LogAccessedData } from '../../daemon/record/access-data.ts';
import type { LockData } from '../../daemon/record/lock-data.ts';
import type { SourceInventoriedData } from '../../daemon/record/inventory.ts';
import type { ObservedState } from '../../daemon/record/observation.ts';

const MAC = 'A'.repeat(43);
const DIGEST = 'ab'.repeat(32);
const HASH = `${'A'.repeat(43)}=`;
const ID = '01970000-0000-7000-8000-000000000001';

const observation: ObservedState = {
  form: 'clear',
  toolVersion: '1.11.4',
  serial: '12',
  lineage: '9f3c21aa-0000-0000-0000-000000000000',
  contentTag: MAC,
  kid: 'e2026',
  commitment: MAC,
  instances: [
    {
      address: 'module.a["x"].aws_instance.b[0]',
      deposed: '',
      rawTag: MAC,
      body: {
        type: 'aws_instance',
        provider: 'provider["registry.terraform.io/hashicorp/aws"]',
        tainted: false,
        createBeforeDestroy: false,
        contentTag: MAC,
        idTag: '',
        attributes: { id: 'i-1', user_data: null },
        hidden: [{ path: '/user_data', by: 'rule', tag: MAC, kid: 'e2026', commitment: MAC }],
      },
    },
  ],
  outputs: [{ name: 'zone', sensitive: false, value: 'eu-west-1a', hidden: [] }],
};

const withoutBody = { ...observation, instances: [{ address: 'a.b', deposed: '', rawTag: MAC }] };

export const observations: readonly object[] = [
  observation,
  { ...observation, form: 'opaque', instances: [], outputs: [] } satisfies ObservedState,
  withoutBody,
];

const common: CommonData = {
  vantage: { recorder: 'host/abcdefghijklm', host: 'host', source: 'directory' },
  effectiveTime: '2026-01-01T00:00:00.000Z',
  timeBasis: 'mtime',
  boot: { id: 'boot', ms: 12 },
};
const state = {
  id: 'state-1',
  name: 'network',
  reference: 'dir:infra/network/terraform.tfstate',
  workspace: 'default',
};
const version = {
  lineage: 'lineage',
  serial: '12',
  sourceVersion: '1-2-3',
  toolVersion: '1.11.4',
  content: { kid: 'e2026', commitment: MAC },
};
const none = { create: 0, update: 0, delete: 0, replace: 0, forget: 0, move: 0, import: 0, taint: 0, output: 0 };

const changed: StateChangedData = {
  ...common,
  state,
  version,
  kind: 'apply',
  kindBasis: 'lock',
  continuity: 'linked-by-backup',
  before: { lineage: 'lineage', serial: '10' },
  serials: ['11', '12'],
  steps: 2,
  counts: { ...none, update: 1 },
  actions: [{ address: 'aws_instance.b', resourceType: 'aws_instance', actions: ['update'] }],
  claims: [{ field: 'actor', value: 'uid:1001', known: 'claimed', by: 'lock' }],
  lock: { id: 'lock', operation: 'OperationTypeApply' },
};
const resource: ResourceChangedData = {
  ...common,
  state,
  version,
  change: ID,
  address: 'aws_instance.b',
  resourceType: 'aws_instance',
  actions: ['delete', 'create'],
  actionBasis: 'state',
  changes: [{ path: '/tags/a~1b', before: null, after: [1, { x: 'y' }] }, { path: '' }],
  hidden: [{ path: '/password', by: 'mark', kid: 'e2026', commitment: MAC, changed: true }],
  provider: 'provider',
};
const baselined: StateBaselinedData = {
  ...common,
  state,
  version,
  reason: 'first-sight',
  form: 'clear',
  instances: 3,
  outputs: 0,
  snapshot: { sha256: DIGEST, sizeBytes: 10 },
};
const accessed: LogAccessedData = {
  ...common,
  principal: 'token:ci',
  since: common.effectiveTime,
  until: common.effectiveTime,
};
const exported: AccessExport = {
  resource: '/v1/changes',
  format: 'csv',
  parameters: ['state'],
  items: 12,
  isWhole: true,
};
const missed: StateMissedData = { ...common, state, reason: 'overwritten', fromSerial: '3', toSerial: '4' };
const inventoried: SourceInventoriedData = {
  ...common,
  watched: 3,
  unwatched: [
    {
      reference: 'dir:infra/app/.terraform/terraform.tfstate',
      kind: 'backend',
      reason: 's3://acme/app.tfstate',
      backend: { type: 's3', location: 's3://acme/app.tfstate' },
    },
    { reference: 'dir:infra/sandbox/terraform.tfstate', kind: 'ignored', reason: 'ignored' },
  ],
  unwatchedCount: 2,
  unseen: [{ reference: 'dir:gone/terraform.tfstate', code: 'root-missing', since: '2026-01-01T00:00:00.000Z' }],
  unseenCount: 1,
  problems: [{ code: 'root-missing', message: '/srv/gone: expected a readable directory, got none yet' }],
};

const unreadable: StateUnreadableData = {
  ...common,
  reference: 'dir:infra/x.tfstate',
  code: 'state-torn',
  reason: 'expected a whole file, got a part',
  sourceVersion: '1-2-3',
};
const lock: LockData = { ...common, state, lock: { id: 'l', operation: '', created: '' }, claims: [] };
const refusedBefore: StateChangedData = {
  ...changed,
  kind: 'manual',
  continuity: 'contiguous',
  claims: [{ field: 'credential', value: 'backend:ci', known: 'verified', by: 'backend' }],
  refused: { serial: '11', time: '2026-01-01T00:00:00.000Z' },
};
const forced: LockData = { ...lock, forced: true };
const deleted: StateRetiredData = { ...common, state, reason: 'deleted', lineage: 'l', serial: '1', claims: [] };
const archived: BatchArchivedData = {
  ...common,
  prev: 0,
  size: 3,
  archive: 's3://bucket/prefix',
  objects: [
    {
      key: 'seal/0000000000000000',
      versionId: 'v',
      sizeBytes: 1,
      sha256: DIGEST,
      lastModified: '2026-01-01T00:00:00Z',
      mode: 'COMPLIANCE',
      retainUntil: '2027-01-01T00:00:00Z',
    },
  ],
};

/** Through the writer of the log itself. */
function record(type: RecordType, data: object): object {
  const input = { id: ID, type, source: 'dir:infra/x', subject: 'network', time: '2026-01-01T00:00:00.123Z', data };
  return JSON.parse(formatRecord(input)) as object;
}

export const records: readonly object[] = [
  record('state.changed', changed),
  record('resource.changed', resource),
  record('state.baselined', baselined),
  record('state.missed', missed),
  record('state.unreadable', unreadable),
  record('source.inventoried', inventoried),
  record('source.inventoried', {
    ...inventoried,
    unwatched: [],
    unseen: [],
    problems: [],
    list: { sha256: DIGEST, sizeBytes: 9 },
  }),
  record('lock.acquired', lock),
  record('state.changed', refusedBefore),
  record('lock.released', forced),
  record('state.retired', deleted),
  record('batch.archived', archived),
  record('log.created', { ...common, anything: 'else' }),
  record('log.heartbeat', common),
  record('log.accessed', { ...accessed, reads: [{ resource: '/v1/changes/{key}', count: 3 }] }),
  record('log.accessed', { ...accessed, export: exported }),
];

export const manifests: readonly object[] = [
  {
    origin: 'host/abcdefghijklm',
    prev: 0,
    size: 1,
    root: HASH,
    batch: { sha256: DIGEST, storedBytes: 10, lineBytes: 20 },
    contentDays: 0,
    edge: [],
    blobs: [{ sha256: DIGEST, storedBytes: 5 }],
    kept: [{ leafIndex: 0, line: '{}' }],
    leaves: [HASH],
  },
];

export const configs: readonly string[] = [
  `
roots:
  - path: /srv/terraform
    label: infra
  - path: ../other
ignore: ['**/sandbox/**']
names:
  infra/network/terraform.tfstate: network
labels:
  - { match: 'infra/prod/**', env: prod, team: network }
redaction: { values: marked-only, hide: ['*_description'], show: [cost_center] }
seal: { maxAgeSeconds: 30, maxRecords: 100, maxBytes: 1048576 }
archive:
  location: s3://acme-evidence/stateseal
  mode: COMPLIANCE
  structureDays: 2557
  contentDays: 400
  endpoint: https://s3.example.org:9000
  region: eu-central-1
  profile: evidence
  kmsKeyId: alias/evidence
  forcePathStyle: true
http: { host: '::1', port: 0 }
log: { name: bastion-eu-1.acme.example }
maxFileBytes: 1048576
heartbeatSeconds: 60
`,
  `
backend:
  storage: s3://acme-states/production
  states: [network, { name: dns, storage: /srv/states }]
  host: 0.0.0.0
  port: 7374
  tls: { certFile: chain.pem, keyFile: key.pem }
`,
  '',
  'roots: []',
];
