// What the wrapper and its reporter say to one another over their channel. Both are one version of one program.
import type { Claim } from '../record/observation.ts';
import type { Delivery } from '../spool/deliver.ts';

export interface BeginRun {
  readonly type: 'run';
  readonly run: string;
  /** argv[0] is the program as it was called. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly spoolDir: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly pid: number;
  /** Read while the command still is a process; '' where there is no /proc. */
  readonly startTicks: string;
  readonly budgetMs: number;
  /** How long a remote backend may take to give the state afterwards. */
  readonly pullMs: number;
}

/** A piece of Terraform's JSON stream, in order; what is over the limit is not sent. */
export interface StreamChunk {
  readonly type: 'chunk';
  readonly bytes: Uint8Array;
}

export interface EndRun {
  readonly type: 'end';
  readonly exitCode: number;
  readonly signal: string;
  readonly durationMs: number;
  /** RFC 3339. */
  readonly endedAt: string;
  /** False where the stream went on behind what was sent: a part of it is worth nothing. */
  readonly isStreamWhole: boolean;
}

/** The run that was begun did not take place. */
export interface CancelRun {
  readonly type: 'cancel';
}

export interface TellPlatform {
  readonly type: 'platform';
  readonly platform: string;
  readonly event: string;
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
  /** What flags say, beside what variables and the checkout do. */
  readonly claims: readonly Claim[];
  readonly cwd: string;
  readonly spoolDir: string;
  readonly time: string;
  readonly budgetMs: number;
}

export type ReporterRequest = BeginRun | StreamChunk | EndRun | CancelRun | TellPlatform;

/** 'pulling': the reporter now asks the backend for the state, which may take so long. */
export type ReporterAnswer =
  | { readonly type: 'started'; readonly delivery: Delivery }
  | { readonly type: 'pulling'; readonly withinMs: number }
  | { readonly type: 'finished'; readonly delivery: Delivery };
