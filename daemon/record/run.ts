// What a client on the host (the wrapper, a hook) saw of one run of terraform or tofu. Raw: it may hold secrets, so it
// leaves the client only in a box to the recorder's ingest key, and is redacted before anything of it is kept.
import type { Claim } from './observation.ts';

/** A command line by its harmless parts. Values of variables, backend settings and unknown flags are never in it. */
export interface TerraformCommand {
  readonly tool: 'terraform' | 'tofu' | '';
  /** The known words in front: "apply", "state rm", "workspace new"; '' when there are none. */
  readonly subcommand: string;
  /** Allow-listed flags in order, with their value only where it is a plain word or number: "-parallelism=10". */
  readonly flags: readonly string[];
  /** Names given by -var, sorted, each once. */
  readonly variables: readonly string[];
  /** The saved plan of an apply, or the target of plan -out, as typed; '' for none. */
  readonly planFile: string;
  /** Value of -chdir as typed; '' for none. */
  readonly chdir: string;
}

/** Where a run keeps its state, as far as a canonical URI without credentials can say it. */
export interface RunBackend {
  /** Terraform's own name: "local", "s3", "http"; '' when there is no working directory. */
  readonly type: string;
  readonly workspace: string;
  /** "s3://bucket/key" as a source would write it, "https://host/path", "gs://…"; '' where the place is not known whole. */
  readonly reference: string;
  /** Absolute real path of a local state file, or ''. The recorder turns it into a `dir:` reference, or drops it. */
  readonly statePath: string;
}

/** Raw bytes that travel with an observation: never on disk or on a socket outside its box. */
export interface Attachment {
  readonly kind: 'plan' | 'stream' | 'state';
  readonly bytes: Uint8Array;
}

interface ClientObservationHead {
  /** Version of this shape. */
  readonly schema: 1;
  /** Idempotency key, a UUIDv7: what comes twice is recorded once. */
  readonly key: string;
  /** When it happened on the client: RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** Id of the run, a UUIDv7 made by the client; the same in its start and its end. */
  readonly run: string;
  /** What the client knows by name: actor, commit, repository, pull request, job. All `claimed`. */
  readonly claims: readonly Claim[];
}

export interface RunStartedObservation extends ClientObservationHead {
  readonly kind: 'run.started';
  readonly command: TerraformCommand;
  readonly toolVersion: string;
  readonly backend: RunBackend;
  readonly process: { readonly pid: number; readonly startTicks: string };
}

export interface RunFinishedObservation extends ClientObservationHead {
  readonly kind: 'run.finished';
  readonly command: TerraformCommand;
  readonly toolVersion: string;
  readonly backend: RunBackend;
  /** Exit code, or -1 when a signal ended it. */
  readonly exitCode: number;
  /** "SIGINT" where a signal ended it, else ''. */
  readonly signal: string;
  readonly durationMs: number;
  /** RFC 3339 time of the start: the end alone is enough when the start was lost. */
  readonly startedAt: string;
}

/** A step of the platform around the runs: a job began or ended, a workflow's hook was called. */
export interface PlatformObservation extends ClientObservationHead {
  readonly kind: 'platform.event';
  /** "github", "gitlab", "atlantis", "terragrunt", "ci", "ssh". */
  readonly platform: string;
  /** "job-started", "job-finished", "plan", "apply", "error". */
  readonly event: string;
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
}

export type ClientObservation = RunStartedObservation | RunFinishedObservation | PlatformObservation;

/** Subcommands that write no state. What is not listed may: a new one is not taken for harmless. */
const READING = new Set([
  ...[
    'plan',
    'show',
    'output',
    'validate',
    'fmt',
    'version',
    'providers',
    'graph',
    'get',
    'console',
    'login',
    'logout',
  ],
  ...['metadata', 'modules', 'test', 'state list', 'state show', 'state pull', 'workspace list', 'workspace show'],
  ...['workspace select', 'force-unlock', 'query', 'stacks'],
]);

/** Whether a run of that subcommand can have made a version of its state. */
export function isWritingCommand(subcommand: string): boolean {
  return !READING.has(subcommand);
}
