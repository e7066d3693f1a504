// What records of plans say: the `data` member, by type. The same rules as for data.ts hold: on disk in kebab-case, an
// absent value is an omitted member, frozen with the first locked object.
import type { BlobReference, CommonData, HiddenChange, StateIdentity, ValueChange } from './data.ts';
import type { Claim } from './observation.ts';
import type { CommittedFile, RunIdentity } from './run-data.ts';

/** Words of Terraform's JSON plan. */
export type PlanAction = 'no-op' | 'create' | 'read' | 'update' | 'delete' | 'forget' | 'open';
export type PlanForm = 'saved' | 'json';
export type PlanTool = 'terraform' | 'opentofu' | 'unknown';
export type PlanMode = 'normal' | 'destroy' | 'refresh-only';
export type CheckKind = 'resource' | 'output' | 'check' | 'var';
export type CheckStatus = 'pass' | 'fail' | 'error' | 'unknown';

/** Members of every record of a plan. */
export interface PlanData extends CommonData {
  /** Where it was seen: `dir:<root label>/<path>`, or `run:<id>` for one that a run left. */
  readonly reference: string;
  readonly content: CommittedFile;
  /** The run that made or applied it, when it came with one. */
  readonly run?: RunIdentity;
  readonly claims: readonly Claim[];
}

/** plan.recorded: its id is the plan's. Followed by one resource.planned per change. */
export interface PlanRecordedData extends PlanData {
  readonly form: PlanForm;
  /** The state it is for, where that is known: then its values' commitments derive from that state's id. */
  readonly state?: StateIdentity;
  readonly tool: PlanTool;
  readonly toolVersion: string;
  readonly mode: PlanMode;
  /** As the plan says. */
  readonly madeAt?: string;
  readonly errored: boolean;
  readonly applyable?: boolean;
  readonly complete?: boolean;
  /** The version it applies to; a JSON plan does not say. A plan for a state that is not there yet: '' and 0. */
  readonly prior?: { readonly lineage: string; readonly serial: string };
  readonly backend?: PlanBackendData;
  readonly targets: readonly string[];
  readonly forcedReplacements: readonly string[];
  readonly variables: readonly PlannedVariable[];
  readonly counts: PlanCounts;
  readonly outputs: readonly OutputPlannedData[];
  readonly checks: readonly PlannedCheckData[];
  readonly providers: readonly PlannedProvider[];
  /** Set when lists did not fit: targets, variables, outputs, checks and providers are empty and stand in this blob. */
  readonly body?: BlobReference;
}

export interface PlanBackendData {
  readonly type: string;
  readonly workspace: string;
}

/** A variable that the caller set. Omitted: it was null. */
export interface PlannedVariable {
  readonly name: string;
  readonly kid?: string;
  readonly commitment?: string;
}

/** As Terraform counts: a replacement is one to add and one to destroy; data sources do not count. */
export interface PlanCounts {
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
  readonly import: number;
  readonly forget: number;
  readonly move: number;
  /** Changed outside since the last apply; put off since something is not known yet; outputs. */
  readonly drift: number;
  readonly deferred: number;
  readonly output: number;
}

export interface OutputPlannedData {
  readonly output: string;
  readonly sensitive?: true;
  readonly actions: readonly PlanAction[];
  readonly changes: readonly ValueChange[];
  readonly unknown: readonly string[];
  readonly hidden: readonly HiddenChange[];
}

export interface PlannedCheckData {
  readonly kind: CheckKind;
  readonly address: string;
  readonly status: CheckStatus;
  readonly objects: readonly { readonly address: string; readonly status: CheckStatus }[];
}

/** As the dependency lock file inside the plan pins it. */
export interface PlannedProvider {
  readonly source: string;
  readonly version: string;
}

/** 'planned': what an apply would do. 'drift': what had changed outside. 'deferred': put off. */
export type PlanRole = 'planned' | 'drift' | 'deferred';

/**
 * resource.planned: one change of one instance. Applying `changes` to the redacted before gives the redacted after,
 * without what is unknown.
 */
export interface ResourcePlannedData extends CommonData {
  /** Id of the plan.recorded. */
  readonly plan: string;
  readonly state?: StateIdentity;
  readonly role: PlanRole;
  readonly address: string;
  readonly deposed?: string;
  readonly previousAddress?: string;
  readonly mode: 'managed' | 'data' | 'ephemeral';
  readonly resourceType: string;
  readonly provider: string;
  readonly actions: readonly PlanAction[];
  /** Terraform's word for why. */
  readonly reason?: string;
  readonly importing?: true;
  /** The id it is imported by, where it may be shown. */
  readonly importId?: string;
  /** Pointers of what forces the replacement. */
  readonly replacePaths: readonly string[];
  readonly changes: readonly ValueChange[];
  /** Pointers of what is known after the apply only. */
  readonly unknown: readonly string[];
  readonly hidden: readonly HiddenChange[];
  /** Set when the body did not fit: `changes`, `unknown` and `hidden` are empty and stand in this blob instead. */
  readonly body?: BlobReference;
}

/** plan.unreadable: a plan that tells nothing, by name: encrypted, kept in the cloud, or damaged. */
export interface PlanUnreadableData extends PlanData {
  readonly code: string;
  readonly reason: string;
}
