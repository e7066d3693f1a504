// What clients of the host left in the spool, as records: runs that began and ended, steps of their platforms, and the
// state a run left. Raw bytes live only in the arguments and locals here. Inside the caller's transaction.
import { ParseError } from '../errors.ts';
import type { Json } from '../json/value.ts';
import { fileCommitment, stateKey, tagOf, type RedactionKeys } from '../redaction/keys.ts';
import type { Claim } from '../record/observation.ts';
import type { Attachment, ClientObservation, RunFinishedObservation, RunStartedObservation } from '../record/run.ts';
import type { CommittedFile, RunFinishedData, RunIdentity, RunView } from '../record/run-data.ts';
import { toKeptUri } from '../sources/reference.ts';
import type { Runs } from '../store/runs.ts';
import type { StateRow } from '../store/states.ts';
import type { NewRecord } from './appender.ts';
import type { ChangeKeeper } from './change-keeper.ts';
import { formatTime } from './environment.ts';
import type { LinkKeeper } from './link-keeper.ts';
import type { Outcome, RecorderParts } from './parts.ts';
import { createRunRedaction } from './run-redaction.ts';
import { PLAN_KEY } from './plan-keeper.ts';
import { believedTime, isOfRuns, toLocalReference, toRunContext, toRunSighting, type LocalRoot } from './run-source.ts';
import { outcomeOf, toRunStream } from './run-stream.ts';
import { compareSerials } from './serial.ts';
import type { VersionFacts } from './version-memory.ts';
import type { VersionKeeper } from './version-keeper.ts';

export interface RunParts {
  readonly runs: Runs;
  readonly links: LinkKeeper;
  readonly versions: VersionKeeper;
  readonly changes: ChangeKeeper;
  readonly keys: RedactionKeys;
  readonly roots: readonly LocalRoot[];
}

export interface RunDelivery {
  readonly observation: ClientObservation;
  readonly attachments: readonly Attachment[];
  /** Owner of the file, by the kernel. */
  readonly uid: number;
}

export interface RunKeeper {
  /** 'nothing' for what is recorded already. */
  ingest(delivery: RunDelivery): Outcome['verdict'];
}

/** States that only runs show: a hostile job must not make one per run. */
const MAX_RUN_STATES = 1_000;
const STREAM_KEY = 'stream';

export function createRunKeeper(parts: RecorderParts, own: RunParts): RunKeeper {
  const { appender, environment, observer, states } = parts;
  const { runs, links, keys } = own;
  const redaction = createRunRedaction(observer.covers);

  const timeOf = (time: string): string => believedTime(time, environment.now());

  const append = (observation: ClientObservation, record: Pick<NewRecord, 'type' | 'subject' | 'data'>): void => {
    const moment = { source: 'spool', effectiveTime: timeOf(observation.time), timeBasis: 'run' } as const;
    appender.append({ ...record, source: `run:${observation.run}`, moment });
  };

  const claimsOf = (observation: ClientObservation, { uid }: RunIdentity): readonly Claim[] => [
    { field: 'uid', value: uid, known: 'observed', by: 'spool' },
    ...redaction.claims(observation.claims),
  ];

  /** A place that a source has shown is no secret of the client's. */
  const referenceOf = ({ backend }: RunStartedObservation | RunFinishedObservation): string => {
    const { reference, statePath } = backend;
    const uri = reference === '' && statePath !== '' ? toLocalReference(statePath, own.roots) : reference;
    return uri !== '' && states.byUri(uri) !== undefined ? uri : redaction.reference(uri);
  };

  const processOf = ({ process }: RunStartedObservation) => ({
    pid: process.pid,
    startTicks: redaction.text(process.startTicks),
  });

  const headOf = (
    observation: RunStartedObservation | RunFinishedObservation,
    run: RunIdentity,
    uri = referenceOf(observation),
  ) => ({
    run,
    key: observation.key,
    command: redaction.command(observation.command),
    backend: redaction.backend(observation.backend, uri),
    toolVersion: redaction.text(observation.toolVersion),
    claims: claimsOf(observation, run),
  });

  const commit = (keyId: string, bytes: Uint8Array): CommittedFile => ({
    sizeBytes: bytes.length,
    kid: keys.epoch.kid,
    commitment: fileCommitment(stateKey(keys.epoch.key, keyId), bytes),
  });

  const planOf = ({ attachments }: RunDelivery, run: RunIdentity): CommittedFile | undefined => {
    const plan = attachments.find(({ kind }) => kind === 'plan');
    if (plan === undefined) return undefined;
    runs.addPlan(tagOf(keys.equalityKey, plan.bytes), run, environment.now());
    return commit(PLAN_KEY, plan.bytes);
  };

  /** How the run ended, and what its stream tells of it. */
  const endOf = (
    observation: RunFinishedObservation,
    { attachments }: RunDelivery,
    uri: string,
  ): Pick<RunFinishedData, 'outcome' | 'stream'> => {
    const attached = attachments.find(({ kind }) => kind === 'stream');
    if (attached === undefined) return { outcome: outcomeOf(observation) };
    const hideAddress = observer.hideAddress(states.byUri(uri)?.id ?? observation.run);
    const { stream, outcome } = toRunStream(attached.bytes, observation, { covers: observer.covers, hideAddress });
    const resources = stream.resources.map((resource): Json => ({ ...resource }));
    const { reference } = appender.inlineOrBlob({ resources });
    const listed = reference === undefined ? stream : { ...stream, resources: [], body: reference };
    return { outcome, stream: { ...commit(STREAM_KEY, attached.bytes), ...listed } };
  };

  /** Once per version: parsing and redaction are the cost of it. */
  const factsOf = (row: StateRow, bytes: Uint8Array): VersionFacts =>
    observer.recall(row.id, bytes) ?? observer.observe(row.id, bytes, undefined);

  /** The state backend of this recorder, where the run's http backend is that one: the same name, the same lineage. */
  const keptStateOf = (uri: string, bytes: Uint8Array): StateRow | undefined => {
    const keptUri = toKeptUri(uri);
    const row = keptUri === undefined ? undefined : states.byUri(keptUri);
    return row !== undefined && factsOf(row, bytes).lineage === row.lineage ? row : undefined;
  };

  const viewOf = (
    observation: RunFinishedObservation,
    uri: string,
    state: Attachment | undefined,
    run: RunIdentity,
  ): RunView | undefined => {
    if (state === undefined) return undefined;
    if (uri === '') return { outcome: 'refused', code: 'reference-missing' };
    try {
      return keepView(observation, uri, state.bytes, run);
    } catch (error) {
      // The run is a fact, whatever it left.
      if (error instanceof ParseError) return { outcome: 'refused', code: error.code };
      throw error;
    }
  };

  /** Where the state that the run left is known. */
  const placeOf = (observation: RunFinishedObservation, state: Attachment | undefined): string => {
    const uri = referenceOf(observation);
    try {
      return (state && keptStateOf(uri, state.bytes)?.uri) ?? uri;
    } catch (error) {
      // What is no state is told by its view.
      if (error instanceof ParseError) return uri;
      throw error;
    }
  };

  const keepView = (observation: RunFinishedObservation, uri: string, bytes: Uint8Array, run: RunIdentity): RunView => {
    const row = states.byUri(uri);
    if (row !== undefined && !isOfRuns(row)) {
      const facts = factsOf(row, bytes);
      return toRunView(links.seenByRun(row, facts, run), facts);
    }
    if (row === undefined && states.all().filter(isOfRuns).length >= MAX_RUN_STATES) {
      return { outcome: 'refused', code: 'too-many-states' };
    }
    return toRunView('recorded', recordVersion(observation, uri, bytes, run));
  };

  /** No source watches the reference: what runs leave there is all that is ever seen of it. */
  const recordVersion = (
    observation: RunFinishedObservation,
    uri: string,
    bytes: Uint8Array,
    run: RunIdentity,
  ): VersionFacts => {
    const before = states.byUri(uri);
    const facts = before && factsOf(before, bytes);
    if (before !== undefined && facts !== undefined && !isNewer(facts, before)) {
      // Delivered late, or read before another run wrote: it is compared, and moves nothing.
      links.keepRunVersion(before, facts, run, '');
      return facts;
    }
    const workspace = redaction.text(observation.backend.workspace);
    const time = timeOf(observation.time) || formatTime(environment.now());
    own.versions.observe(toRunSighting({ uri, workspace }, bytes, time, observation.key), toRunContext(uri, workspace));
    const row = states.byUri(uri);
    const seen = row && observer.recall(row.id, bytes);
    if (row === undefined || seen === undefined) throw new RangeError('expected the version that was just recorded');
    const change = own.changes.current(row.id);
    links.keepRunVersion(row, seen, run, change?.id ?? '');
    // The run is over: its version is settled.
    own.changes.close(row, 'run', false);
    return seen;
  };

  const recordFinished = (observation: RunFinishedObservation, delivery: RunDelivery, run: RunIdentity): void => {
    const state = delivery.attachments.find(({ kind }) => kind === 'state');
    const uri = placeOf(observation, state);
    // First: what its state teaches about secrets counts for the words of its client, too.
    const view = viewOf(observation, uri, state, run);
    const data = {
      ...headOf(observation, run, uri),
      exitCode: observation.exitCode,
      signal: observation.signal === '' ? undefined : observation.signal,
      startedAt: observation.startedAt,
      durationMs: observation.durationMs,
      plan: planOf(delivery, run),
      ...endOf(observation, delivery, uri),
      view,
    };
    append(observation, { type: 'run.finished', subject: subjectOf(observation), data });
    const row = states.byUri(uri);
    if (row !== undefined) links.tieRun(row, Date.parse(observation.startedAt), Date.parse(observation.time));
  };

  const record = (delivery: RunDelivery, run: RunIdentity): void => {
    const { observation } = delivery;
    if (observation.kind === 'run.finished') return recordFinished(observation, delivery, run);
    if (observation.kind === 'run.started') {
      const data = { ...headOf(observation, run), process: processOf(observation), plan: planOf(delivery, run) };
      return append(observation, { type: 'run.started', subject: subjectOf(observation), data });
    }
    const { platform, event, outcome, key } = observation;
    append(observation, {
      type: 'platform.reported',
      subject: `${platform} ${event}`.trim(),
      data: { run, key, platform, event, outcome, claims: claimsOf(observation, run) },
    });
  };

  return {
    ingest(delivery) {
      const { key, run: id } = delivery.observation;
      const run: RunIdentity = { id, uid: `uid:${delivery.uid}` };
      if (runs.isRecorded(key, run.uid)) return 'nothing';
      record(delivery, run);
      return 'recorded';
    },
  };
}

function subjectOf({ command }: RunStartedObservation | RunFinishedObservation): string {
  return `${command.tool} ${command.subcommand}`.trim();
}

function isNewer(facts: VersionFacts, row: { readonly lineage: string; readonly serial: string }): boolean {
  return facts.lineage !== row.lineage || compareSerials(facts.serial, row.serial) > 0;
}

function toRunView(outcome: RunView['outcome'], facts: VersionFacts): RunView {
  const { lineage, serial, kid, commitment } = facts;
  return { outcome, lineage, serial, content: { kid, commitment } };
}
