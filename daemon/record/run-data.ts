// What records of runs, of their ties to changes, and of the spool say: the `data` member, by type. The same rules as
// for data.ts hold: on disk in kebab-case, an absent value is an omitted member, frozen with the first locked object.
import type { CommonData, StateIdentity } from './data.ts';
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

/** What a -json stream says of itself. */
export interface StreamSummary {
  readonly sizeBytes: number;
  readonly kid: string;
  readonly commitment: string;
  readonly lines: number;
  readonly errors: number;
  readonly warnings: number;
  readonly summaries: readonly StreamCounts[];
}

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
