// Ties what runs left to what sources saw. Two sights of one version are compared by tags: the same, or a problem. Which
// run made a change is said only where one alone can have: several are listed, none is chosen. Inside the caller's
// transaction.
import type { LinkContent, RunIdentity } from '../record/run-data.ts';
import { parseRecord } from '../record/record.ts';
import { objectsAt, textAt } from '../store/queries-fields.ts';
import { toClaim } from '../store/queries-summary.ts';
import { formatRuns, type ChangeRow, type RunRow, type Runs, type StateView } from '../store/runs.ts';
import type { StateRow } from '../store/states.ts';
import { identityOf } from './identity.ts';
import type { RecorderParts } from './parts.ts';
import { isContentOf } from './rebuilt-tag.ts';
import { createRunRedaction } from './run-redaction.ts';
import { compareSerials } from './serial.ts';
import { RUN_SOURCE, isOfRuns } from './run-source.ts';
import type { VersionFacts } from './version-memory.ts';

export interface LinkKeeper {
  /** The state's source saw its present version; `changeId` made it, or ''. */
  seenBySource(row: StateRow, changeId: string): void;
  /** A run left this version of a watched state: compared at once, or when its source shows it. */
  seenByRun(row: StateRow, facts: VersionFacts, run: RunIdentity): 'compared' | 'waiting';
  /** A run left a version of a state that no source watches. */
  keepRunVersion(row: StateRow, facts: VersionFacts, run: RunIdentity, changeId: string): void;
  /** Looks for the runs a change can be of. */
  tieChange(row: StateRow, change: TiedChange): void;
  /** The same for all changes that a run can have made. */
  tieRun(row: StateRow, startedMs: number, finishedMs: number): void;
  /** Says of views that waited in vain that their version was never seen. Returns whether there were any. */
  giveUp(): boolean;
}

export interface TiedChange {
  readonly id: string;
  readonly effectiveMs: number;
  readonly source: string;
  readonly timeBasis: string;
  readonly lineage: string;
  readonly serial: string;
}

/** Clocks of a store and of a host, and the second a store rounds to. */
const SLACK_MS = 5_000;
const WAIT_MS = 24 * 60 * 60 * 1000;
const MAX_WAITING = 4_096;
const MAX_CANDIDATES = 16;

/** `onTied` hears of each change that one run alone can have made. */
export function createLinkKeeper(
  parts: RecorderParts,
  runs: Runs,
  onTied: (changeId: string, run: RunIdentity) => void = () => undefined,
): LinkKeeper {
  const { appender, environment, states, entries } = parts;
  const redaction = createRunRedaction(parts.observer.covers);

  const append = (row: StateRow, version: { lineage: string; serial: string }, data: Record<string, unknown>): void => {
    appender.append({
      type: 'change.linked',
      source: row.uri,
      subject: row.name,
      moment: { source: RUN_SOURCE, effectiveTime: '', timeBasis: 'clock' },
      data: { state: identityOf(row), version: { lineage: version.lineage, serial: version.serial }, ...data },
    });
  };

  const linkContent = (row: StateRow, view: StateView, content: LinkContent, changeId: string): void => {
    append(row, view, {
      change: changeId === '' ? undefined : changeId,
      run: { id: view.run, uid: view.uid },
      by: content === 'unseen' ? ['reference', 'serial'] : ['reference', 'serial', 'content'],
      content,
      claims: [],
    });
  };

  const toView = (row: StateRow, facts: VersionFacts, run: RunIdentity): StateView => ({
    stateId: row.id,
    lineage: facts.lineage,
    serial: facts.serial,
    contentTag: facts.contentTag,
    kid: facts.kid,
    commitment: facts.commitment,
    changeId: '',
    run: run.id,
    uid: run.uid,
    seenMs: environment.now(),
    isWaiting: false,
  });

  /** What the version of a run is held against: other sights of it, or the stored version itself after a restore. */
  const compare = (row: StateRow, view: StateView): { content: LinkContent; changeId: string } | undefined => {
    const others = runs
      .views(row.id, view.lineage, view.serial)
      .filter(({ run }) => run === '' || (isOfRuns(row) && run !== view.run));
    const same = others.find(({ contentTag }) => contentTag === view.contentTag);
    if (same !== undefined) return { content: 'same', changeId: same.changeId };
    const other = others.at(-1);
    if (other !== undefined) return { content: 'different', changeId: other.changeId };
    if (isOfRuns(row) || row.lineage !== view.lineage || row.serial !== view.serial) return undefined;
    if (isContentOf(row.contentTag, view)) return { content: 'same', changeId: '' };
    // Only a commitment is left of it: the same meaning may have other bytes.
    return { content: row.contentTag.includes(':') ? 'unknown' : 'different', changeId: '' };
  };

  const canBeOf = (run: RunRow, change: TiedChange): boolean => {
    const view = runs.viewOf(run);
    if (view?.lineage !== change.lineage) return true;
    // What the run read at its end cannot be older than what it wrote.
    return compareSerials(view.serial, change.serial) >= 0;
  };

  const candidatesOf = (row: StateRow, change: TiedChange): readonly RunRow[] => {
    const { effectiveMs } = change;
    const near = runs.overlapping(row.uri, effectiveMs - SLACK_MS, effectiveMs + SLACK_MS);
    const possible = near.filter((run) => canBeOf(run, change));
    if (possible.length < 2 || change.timeBasis === 'store') return possible;
    // One clock for both: no slack is needed to choose.
    const strict = possible.filter(
      ({ startedMs, finishedMs }) => startedMs <= effectiveMs && effectiveMs <= finishedMs,
    );
    return strict.length > 0 ? strict : possible;
  };

  const claimsOf = ({ leafIndex }: RunRow): unknown => {
    const entry = entries.read(leafIndex);
    const claims =
      entry === undefined || entry.line.length === 0 ? [] : objectsAt(parseRecord(entry.line).data, 'claims');
    // Once more: what was harmless when the run ended may be a known secret by now.
    return redaction.claims(claims.map(toClaim));
  };

  const tieChange = (row: StateRow, change: TiedChange): void => {
    const candidates = candidatesOf(row, change);
    const [only] = candidates;
    if (only === undefined || runs.linkedRuns(change.id) === formatRuns(candidates)) return;
    const identities = candidates.slice(0, MAX_CANDIDATES).map(({ id, uid }) => ({ id, uid }));
    const isOne = candidates.length === 1;
    append(row, change, {
      change: change.id,
      ...(isOne ? { run: identities[0] } : { candidates: identities }),
      by: change.source === RUN_SOURCE ? ['reference', 'view'] : ['reference', 'time'],
      claims: isOne ? claimsOf(only) : [],
    });
    if (isOne) onTied(change.id, { id: only.id, uid: only.uid });
  };

  return {
    seenBySource(row, changeId) {
      const known = runs.views(row.id, row.lineage, row.serial);
      const sources = known.filter(({ run }) => run === '');
      if (sources.some(({ contentTag }) => contentTag === row.contentTag)) return;
      const { id: stateId, lineage, serial, contentTag } = row;
      const seenMs = environment.now();
      const rest = { kid: '', commitment: '', run: '', uid: '', isWaiting: false };
      runs.addView({ stateId, lineage, serial, contentTag, changeId, seenMs, ...rest });
      // Those of a version that was seen before are compared already.
      if (sources.length > 0) return;
      for (const view of known) {
        linkContent(row, view, view.contentTag === contentTag ? 'same' : 'different', changeId);
        if (view.isWaiting) runs.settleView(view);
      }
    },
    seenByRun(row, facts, run) {
      const view = toView(row, facts, run);
      const found = compare(row, view);
      runs.addView({ ...view, changeId: found?.changeId ?? '', isWaiting: found === undefined });
      if (found === undefined) return 'waiting';
      linkContent(row, view, found.content, found.changeId);
      return 'compared';
    },
    keepRunVersion(row, facts, run, changeId) {
      const view = toView(row, facts, run);
      const found = compare(row, view);
      runs.addView({ ...view, changeId });
      if (found !== undefined) linkContent(row, view, found.content, found.changeId);
    },
    tieChange,
    tieRun(row, startedMs, finishedMs) {
      for (const change of runs.changesBetween(row.uri, startedMs - SLACK_MS, finishedMs + SLACK_MS)) {
        const tied = readChange(parts, change);
        if (tied !== undefined) tieChange(row, tied);
      }
    },
    giveUp() {
      const overdue = runs.overdueViews(environment.now() - WAIT_MS, MAX_WAITING);
      for (const view of overdue) {
        const row = states.byId(view.stateId);
        if (row !== undefined) linkContent(row, view, 'unseen', '');
        runs.settleView(view);
      }
      return overdue.length > 0;
    },
  };
}

function readChange({ entries }: RecorderParts, { leafIndex, id, effectiveMs }: ChangeRow): TiedChange | undefined {
  const line = entries.read(leafIndex)?.line;
  if (line === undefined || line.length === 0) return undefined;
  const { data } = parseRecord(line);
  return {
    id,
    effectiveMs,
    source: textAt(data, 'vantage', 'source'),
    timeBasis: textAt(data, 'timeBasis'),
    lineage: textAt(data, 'version', 'lineage'),
    serial: textAt(data, 'version', 'serial'),
  };
}
