// A real S3 store with Object Lock: one-node Ceph with its gateway (radosgw) on loopback, all in one temporary folder.
// Data lives in memory. Daemons end by their pid files; nothing outlives close().
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findProgram } from './components.ts';

export interface CephUser {
  readonly uid: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Ceph {
  /** http://127.0.0.1:<port> */
  readonly endpoint: string;
  readonly adminUser: CephUser;
  createUser(uid: string): Promise<CephUser>;
  close(): Promise<void>;
}

export const howToInstallCeph = 'apt-get install -y --no-install-recommends ceph-mon ceph-osd ceph-mgr radosgw';

const programs = [
  'ceph',
  'ceph-authtool',
  'ceph-mgr',
  'ceph-mon',
  'ceph-osd',
  'monmaptool',
  'radosgw',
  'radosgw-admin',
];
const commandTimeoutMs = 60_000;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 2_000;

/** True when every program of the recipe is installed. */
export function isCephInstalled(): boolean {
  return programs.every((name) => findProgram(name) !== undefined);
}

/** Starts the cluster (about 12 s, 420 MB) and one user. What was started is ended when a step fails. */
export async function startCeph(): Promise<Ceph> {
  const node = await createNode();
  try {
    await startMonitor(node);
    await startStorage(node);
    await startGateway(node);
    const adminUser = await createUser(node, 'admin');
    return {
      endpoint: node.endpoint,
      adminUser,
      createUser: (uid) => createUser(node, uid),
      close: () => closeNode(node),
    };
  } catch (error) {
    await closeNode(node);
    throw error;
  }
}

interface Node {
  readonly folder: string;
  readonly conf: string;
  readonly keyring: string;
  readonly fsid: string;
  readonly monitorPort: number;
  readonly endpoint: string;
}

async function createNode(): Promise<Node> {
  const folder = await mkdtemp(join(tmpdir(), 'stateseal-ceph-'));
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const paths = { conf: join(folder, 'ceph.conf'), keyring: join(folder, 'keyring') };
  const node = { folder, ...paths, fsid: randomUUID(), monitorPort, endpoint: `http://127.0.0.1:${gatewayPort}` };
  for (const name of ['mon-a', 'mgr-x', 'osd-0', 'run', 'log', 'crash']) await mkdir(join(folder, name));
  await writeFile(node.conf, formatConf(node, gatewayPort));
  return node;
}

// tcp_nodelay: without it every answer in two pieces waits 40 ms for the other side's acknowledgement.
function formatConf(node: Node, gatewayPort: number): string {
  const { folder } = node;
  return `[global]
fsid = ${node.fsid}
mon_host = v1:127.0.0.1:${node.monitorPort}
mon_initial_members = a
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = ${node.keyring}
ms_bind_ipv6 = false
ms_bind_msgr2 = false
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
run_dir = ${folder}/run
pid_file = ${folder}/run/$name.pid
admin_socket = ${folder}/run/$name.asok
log_file = ${folder}/log/$name.log
mon_cluster_log_file = ${folder}/log/cluster.log
crash_dir = ${folder}/crash
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_data_avail_crit = 1
[mon]
mon_data = ${folder}/mon-a
[mgr]
mgr_data = ${folder}/mgr-x
mgr_initial_modules =
[osd]
osd_data = ${folder}/osd-0
osd_objectstore = memstore
memstore_device_bytes = 2147483648
[client.rgw.a]
rgw_frontends = beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1
rgw_data = ${folder}/rgw
`;
}

async function startMonitor(node: Node): Promise<void> {
  const map = join(node.folder, 'monmap');
  for (const name of ['mon.', 'client.admin', 'mgr.x', 'osd.0', 'client.rgw.a']) await addKey(node, name);
  await run('monmaptool', ['--create', '--addv', 'a', `[v1:127.0.0.1:${node.monitorPort}]`, '--fsid', node.fsid, map]);
  await ceph(node, 'ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map, '--keyring', node.keyring]);
  await ceph(node, 'ceph-mon', ['-i', 'a']);
  await ceph(node, 'ceph-mgr', ['-i', 'x']);
}

async function addKey(node: Node, name: string): Promise<void> {
  const caps = name === 'mon.' ? ['mon'] : ['mon', 'mgr', 'osd', 'mds'];
  const create = name === 'mon.' ? ['--create-keyring'] : [];
  const flags = caps.flatMap((kind) => ['--cap', kind, 'allow *']);
  await run('ceph-authtool', [...create, node.keyring, '--gen-key', '-n', name, ...flags]);
}

// The OSD's own uuid must be the one the monitor was told of, or it never comes up.
async function startStorage(node: Node): Promise<void> {
  const uuid = randomUUID();
  await ceph(node, 'ceph', ['osd', 'new', uuid, '0']);
  await ceph(node, 'ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', uuid]);
  await ceph(node, 'ceph-osd', ['-i', '0']);
}

async function startGateway(node: Node): Promise<void> {
  await ceph(node, 'radosgw', ['-n', 'client.rgw.a']);
  const deadlineMs = Date.now() + startTimeoutMs;
  while (!(await isAnswering(node.endpoint))) {
    if (Date.now() > deadlineMs) throw new Error(`radosgw did not answer in ${startTimeoutMs} ms`);
    await delay(100);
  }
}

async function isAnswering(endpoint: string): Promise<boolean> {
  try {
    await (await fetch(endpoint)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function createUser(node: Node, uid: string): Promise<CephUser> {
  const user = { uid, accessKeyId: randomBytes(10).toString('hex'), secretAccessKey: randomBytes(20).toString('hex') };
  const keys = ['--access-key', user.accessKeyId, '--secret-key', user.secretAccessKey];
  await ceph(node, 'radosgw-admin', ['user', 'create', '--uid', uid, '--display-name', uid, ...keys]);
  return user;
}

// The monitor last: every other daemon waits for it when it goes first.
const stopOrder = ['client.rgw.a', 'osd.0', 'mgr.x', 'mon.a'];

async function closeNode(node: Node): Promise<void> {
  for (const name of stopOrder) await stopDaemon(join(node.folder, 'run', `${name}.pid`));
  await rm(node.folder, { recursive: true, force: true });
}

async function stopDaemon(pidFile: string): Promise<void> {
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  signal(pid, 'SIGTERM');
  const deadlineMs = Date.now() + stopTimeoutMs;
  while (signal(pid, 0)) {
    if (Date.now() > deadlineMs) signal(pid, 'SIGKILL');
    await delay(50);
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

async function ceph(node: Node, program: string, args: readonly string[]): Promise<void> {
  await run(program, ['-c', node.conf, ...args]);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`expected ${program} to be installed: ${howToInstallCeph}`);
  await promisify(execFile)(path, [...args], { timeout: commandTimeoutMs });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('expected a port, got none');
  return address.port;
}
