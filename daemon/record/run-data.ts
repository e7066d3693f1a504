// What records of runs, of their ties to changes, and of the spool say: the `data` member, by type. The same rules as
// for data.ts hold: on disk in kebab-case, an absent value is an omitted member, frozen with the first locked object.
import type { BlobReference, CommonData, StateIdentity } from './data.ts';
import type { Claim } from './observation.ts';

/** A run by the id its client gave it, and the account whose process left it in the spool: both together tell it. */
export interface RunIdentity {
  readonly id: string;
  /** `uid:1001`: owner of the file, by the kernel. */
  readonly uid: string;
}

/** The harmless parts of a command line. Names and words that hold a known secret are withheld. */
export interface RunCommand {
  readonly tool: string;
  readonly subcommand: string;
  readonly flags: readonly string[];
  readonly variables: readonly string[];
  /** Last segment of the path; omitted where none was named. */
  readonly planFile?: string;
  readonly chdir?: string;
}

/** Where the run kept its state, as its client says. */
export interface RunBackendData {
  readonly type: string;
  readonly workspace: string;
  readonly reference?: string;
}

/** Members of every record of a run. */
export interface RunData extends CommonData {
  readonly run: RunIdentity;
  /** Idempotency key of the delivery: with the uid it is recorded once. */
  readonly key: string;
  readonly command: RunCommand;
  readonly backend: RunBackendData;
  readonly toolVersion: string;
  readonly claims: readonly Claim[];
}

export interface RunStartedData extends RunData {
  readonly process: { readonly pid: number; readonly startTicks: string };
  /** The plan that it applies. */
  readonly plan?: CommittedFile;
}

/** A file that was seen and is kept only as this: its length and the commitment to its bytes. */
export interface CommittedFile {
  readonly sizeBytes: number;
  readonly kid: string;
  readonly commitment: string;
}

/** What a -json stream says of itself. A plan's summary is in it, too: that is never what was done. */
export interface StreamSummary {
  readonly sizeBytes: number;
  readonly kid: string;
  readonly commitment: string;
  readonly lines: number;
  readonly errors: number;
  readonly warnings: number;
  readonly summaries: readonly StreamCounts[];
  /** How many operations that change something came how far. */
  readonly tally: StreamTally;
  /** Empty when it stands in `body`. Reads that ended well, and the changes of a mere plan, are not in it. */
  readonly resources: readonly StreamResource[];
  /** What did not fit: `{resources}`. */
  readonly body?: BlobReference;
  /** Lines with an address that is none, and what is beyond 20,000. */
  readonly unlisted: number;
}

/** A replacement is a delete and a create. */
export type StreamAction =
  'create' | 'read' | 'update' | 'delete' | 'forget' | 'move' | 'import' | 'open' | 'renew' | 'close';

/**
 * 'complete': its own line says so. 'errored': likewise; something of it may have landed. 'started': it began, and
 * nothing tells how it ended. 'not-started': planned, and never begun. 'untold': planned, and of a kind that has no
 * line of its own.
 */
export type StreamOutcome = 'complete' | 'errored' | 'started' | 'not-started' | 'untold';

/** One operation on one object; known secrets in index keys are withheld. */
export interface StreamResource {
  readonly address: string;
  readonly action: StreamAction;
  readonly outcome: StreamOutcome;
  /** How long it took, as the tool says. */
  readonly seconds?: number;
}

export interface StreamTally {
  readonly complete: number;
  readonly errored: number;
  readonly started: number;
  readonly notStarted: number;
  readonly untold: number;
}

/**
 * 'interrupted': asked to stop, it ended in order. 'killed': a signal ended it, and what was under way is not known.
 * 'unknown': nobody saw how it ended; or the exit code says success, and its stream has no summary of an apply.
 */
export type RunOutcome = 'succeeded' | 'failed' | 'interrupted' | 'killed' | 'unknown';

export interface StreamCounts {
  readonly operation: string;
  readonly add: number;
  readonly change: number;
  readonly remove: number;
  readonly import: number;
}

/**
 * What became of a state that the run left. 'compared': held against what the source sees. 'waiting': that version was
 * not seen there yet. 'recorded': no source watches the reference, the run is its vantage. 'refused': see `code`.
 */
export type ViewOutcome = 'compared' | 'waiting' | 'recorded' | 'refused';

export interface RunView {
  readonly outcome: ViewOutcome;
  readonly lineage?: string;
  readonly serial?: string;
  readonly content?: { readonly kid: string; readonly commitment: string };
  readonly code?: string;
}

/** run.finished: alone enough when the start was lost. */
export interface RunFinishedData extends RunData {
  /** -1 when a signal ended it. */
  readonly exitCode: number;
  readonly signal?: string;
  readonly outcome: RunOutcome;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly plan?: CommittedFile;
  readonly stream?: StreamSummary;
  readonly view?: RunView;
}

/** platform.reported: a step of the platform around the runs. */
export interface PlatformReportedData extends CommonData {
  readonly run: RunIdentity;
  readonly key: string;
  readonly platform: string;
  readonly event: string;
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
  readonly claims: readonly Claim[];
}

/**
 * Two vantages of one version. 'unknown': they cannot be compared any more. 'unseen': the source never saw the version
 * that the run says it left.
 */
export type LinkContent = 'same' | 'different' | 'unknown' | 'unseen';

/** change.linked: what became known of a change later; the latest wins. */
export interface ChangeLinkedData extends CommonData {
  readonly state: StateIdentity;
  /** Id of the state.changed; omitted for a version that changed nothing. */
  readonly change?: string;
  readonly version: { readonly lineage: string; readonly serial: string };
  /** The one run it can be. */
  readonly run?: RunIdentity;
  /** Several runs it can be: none is chosen. */
  readonly candidates?: readonly RunIdentity[];
  /** What ties them: reference, time, serial, content. */
  readonly by: readonly string[];
  /** A second vantage of the version. */
  readonly content?: LinkContent;
  /** Claims of the run. */
  readonly claims: readonly Claim[];
}

/** spool.overflowed, spool.rejected: what was removed from the spool and not recorded, by account and reason. */
export interface SpoolLossData extends CommonData {
  readonly since: string;
  readonly lost: readonly SpoolLoss[];
  /** How many further rows did not fit. */
  readonly more: number;
}

export interface SpoolLoss {
  readonly uid: string;
  readonly reason: string;
  readonly files: number;
  readonly sizeBytes: number;
}
