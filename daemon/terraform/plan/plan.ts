// The shape of a Terraform or OpenTofu plan, whether it was saved or printed as JSON (docs/TERRAFORM.md §3). Raw: holds
// secrets, in clear and mostly unmarked. Lives in memory only, between the decoder and the redaction.
import type { Json, JsonObject } from '../../json/value.ts';
import type {
  CheckKind,
  CheckStatus,
  PlanAction,
  PlanForm,
  PlanMode,
  PlannedProvider,
  PlanTool,
} from '../../record/plan-data.ts';
import type { SensitivePath } from '../state.ts';

/** What lies in a saved plan's archive and is read of it, inflated. */
export interface PlanParts {
  readonly plan: Uint8Array;
  /** The state it was made from, refreshed; absent in no plan that Terraform wrote. */
  readonly state: Uint8Array | undefined;
  readonly lockFile: Uint8Array | undefined;
}

/** What a plan says of itself; the same raw and redacted. */
export interface PlanHead {
  readonly form: PlanForm;
  readonly tool: PlanTool;
  readonly toolVersion: string;
  readonly mode: PlanMode;
  readonly isErrored: boolean;
  /** Undefined where this version of the tool does not say. */
  readonly isApplyable: boolean | undefined;
  readonly isComplete: boolean | undefined;
  /** RFC 3339 as written, or ''. */
  readonly timestamp: string;
  readonly targets: readonly string[];
  readonly forcedReplacements: readonly string[];
  /** Lineage and serial of the state the plan applies to; a JSON plan does not say. */
  readonly prior: { readonly lineage: string; readonly serial: string } | undefined;
  readonly providers: readonly PlannedProvider[];
}

export interface TerraformPlan extends PlanHead {
  readonly variables: JsonObject;
  readonly backend: PlanBackend | undefined;
  /** Raw bytes of the state it was made from, for what they teach about secrets. */
  readonly priorState: Uint8Array | undefined;
  /** Sorted by address, then deposed key; each pass over it decodes anew. */
  readonly changes: Iterable<PlannedInstance>;
  readonly drift: Iterable<PlannedInstance>;
  readonly deferred: Iterable<DeferredInstance>;
  readonly outputs: readonly PlannedOutput[];
  readonly checks: readonly PlannedCheck[];
}

export interface PlanBackend {
  readonly type: string;
  readonly workspace: string;
  /** Holds credentials. */
  readonly config: Json;
}

/** Terraform's masks: true covers all below, {} and [] cover what is named in them. */
export type Mask = boolean | readonly Mask[] | MaskObject;
export interface MaskObject {
  readonly [key: string]: Mask;
}

/** One side of a change or two; unknown parts are left out of `after`, as Terraform's JSON does. */
export interface PlannedChange {
  readonly actions: readonly PlanAction[];
  /** Undefined: not there. */
  readonly before: Json | undefined;
  /** Undefined: not there, or wholly unknown (`afterUnknown` true). */
  readonly after: Json | undefined;
  readonly afterUnknown: Mask;
  readonly beforeSensitive: readonly SensitivePath[];
  readonly afterSensitive: readonly SensitivePath[];
}

/** Which instance a change is of, and why it changes; the same raw and redacted. */
export interface PlannedPlace {
  readonly address: string;
  readonly previousAddress: string | undefined;
  readonly deposed: string | undefined;
  readonly mode: 'managed' | 'data' | 'ephemeral';
  readonly type: string;
  readonly provider: string;
  /** Terraform's word, or ''. */
  readonly reason: string;
  /** An import block brings it in. */
  readonly isImporting: boolean;
  /** Undefined: not known before the apply. Null: hidden. */
  readonly importId: string | null | undefined;
}

export interface PlannedInstance extends PlannedPlace, PlannedChange {
  /** Paths that force the replacement. */
  readonly replacePaths: readonly SensitivePath[];
  /** The provider's opaque bytes. */
  readonly private: Uint8Array | undefined;
}

export interface DeferredInstance {
  readonly reason: string;
  readonly instance: PlannedInstance;
}

export interface PlannedOutput extends PlannedChange {
  readonly name: string;
  readonly isSensitive: boolean;
}

export interface PlannedCheck {
  readonly kind: CheckKind;
  readonly address: string;
  readonly status: CheckStatus;
  readonly objects: readonly {
    readonly address: string;
    readonly status: CheckStatus;
    /** Free text of the configuration: may hold anything. */
    readonly messages: readonly string[];
  }[];
}
