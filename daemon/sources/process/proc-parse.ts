// Texts of /proc/<pid> and of the user database as facts (proc(5), cgroups(7), passwd(5)). Hostile: a process chooses
// its own name, with spaces, brackets and line ends in it. Pure.

export interface ProcStat {
  readonly parentPid: number;
  /** Clock ticks since boot, field 22. */
  readonly startTicks: string;
  /** Up to 15 bytes that the process can change: a claim. */
  readonly comm: string;
}

/** The name stands in brackets and may hold brackets: the last one ends it. */
export function parseStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text
    .slice(close + 1)
    .trim()
    .split(/\s+/);
  const [parent = '', start = ''] = [fields[1], fields[19]];
  if (!/^\d{1,10}$/.test(parent) || !/^\d{1,20}$/.test(start)) return undefined;
  return { parentPid: Number(parent), startTicks: start, comm: text.slice(open + 1, close) };
}

export interface ProcUids {
  readonly real: number;
  readonly effective: number;
}

/** The line "Uid:" of /proc/<pid>/status. A line end in a process's name is written as \n there. */
export function parseUids(status: string): ProcUids | undefined {
  const [, real, effective] = /^Uid:\t(\d{1,10})\t(\d{1,10})\t/m.exec(status) ?? [];
  return real === undefined || effective === undefined
    ? undefined
    : { real: Number(real), effective: Number(effective) };
}

/** What loginuid holds for a process that nobody's login led to. */
const NO_LOGIN = 4_294_967_295;

/** -1 for none; undefined where the text is no uid. */
export function parseLoginUid(text: string): number | undefined {
  if (!/^\d{1,10}\n?$/.test(text)) return undefined;
  const uid = Number(text);
  return uid === NO_LOGIN ? -1 : uid;
}

const CONTAINER = /(?:^|[/.:-])([0-9a-f]{64})(?:\.scope)?$/;
const UNIT = /^[A-Za-z0-9@:._\\-]{1,128}\.(?:service|scope)$/;

/**
 * "container:<12 hex>", the systemd unit ("gitlab-runner.service", "session-3.scope"), or ''. Below a user's own
 * manager the user chooses the names: that manager's is taken.
 */
export function parseUnit(cgroup: string): string {
  for (const line of cgroup.split('\n')) {
    const [, path = ''] = /^\d+:(?:|name=systemd):(\/.*)$/.exec(line) ?? [];
    const container = CONTAINER.exec(path)?.[1];
    if (container !== undefined) return `container:${container.slice(0, 12)}`;
    const unit = path.split('/').find((part) => UNIT.test(part));
    if (unit !== undefined) return unit;
  }
  return '';
}

/** Names by uid; the first line of a uid counts, as for getpwuid. */
export function parsePasswd(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.@$-]{0,63}$/.test(name) || !/^\d{1,10}$/.test(uid)) continue;
    if (!names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}
