// Saved plans as Terraform writes them, of any content and size: protobuf, msgpack and zip, with nothing of what reads them.
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { encode } from '@msgpack/msgpack';
import { writeZip } from './zip-writer.ts';

/** A path of attribute names and, as numbers or `{ key }`, of keys. */
export type WrittenPath = readonly (string | number | { readonly key: string })[];

export interface WrittenChange {
  /** 1 create, 3 update, 5 delete, 6 and 7 replace. */
  readonly action: number;
  /** What msgpack takes: one value, or before and after. */
  readonly values: readonly unknown[];
  readonly beforeSensitive?: readonly WrittenPath[];
  readonly afterSensitive?: readonly WrittenPath[];
  readonly importId?: string;
}

export interface WrittenInstance extends WrittenChange {
  readonly address: string;
  readonly previousAddress?: string;
  readonly deposed?: string;
  readonly provider: string;
  readonly private?: string;
  readonly replace?: readonly WrittenPath[];
}

export interface WrittenPlan {
  readonly toolVersion: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly changes: Iterable<WrittenInstance>;
  readonly drift?: readonly WrittenInstance[];
  readonly outputs?: Readonly<Record<string, WrittenChange & { readonly sensitive: boolean }>>;
  readonly targets?: readonly string[];
  readonly backend?: { readonly type: string; readonly workspace: string; readonly config: unknown };
  /** kind 1 resource, 3 check; status 2 fail. */
  readonly checks?: readonly {
    readonly kind: number;
    readonly address: string;
    readonly messages: readonly string[];
  }[];
}

const LOCK_FILE =
  '# This file is maintained automatically by "terraform init".\n# Manual edits may be lost in future updates.\n';

export interface PlanFiles {
  readonly tfplan: Uint8Array;
  readonly tfstate: Uint8Array;
  /** main.tf of the root module. */
  readonly config?: string;
}

export function writePlanArchive({ tfplan, tfstate, config = '' }: PlanFiles): Buffer {
  const entry = (name: string, text: string | Uint8Array) => ({ name, bytes: Buffer.from(text) });
  const modules = JSON.stringify([{ Key: '', Dir: '.' }]);
  return writeZip([
    entry('tfplan', tfplan),
    entry('tfstate', tfstate),
    entry('tfstate-prev', tfstate),
    entry('tfconfig/m-/main.tf', config),
    entry('tfconfig/modules.json', modules),
    entry('.terraform.lock.hcl', LOCK_FILE),
  ]);
}

export function writePlan(plan: WrittenPlan): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, 0).uint32(3);
  for (const [name, value] of Object.entries(plan.variables ?? {})) {
    writer.tag(2, 2).fork().tag(1, 2).string(name).tag(2, 2).bytes(dynamicValue(value)).join();
  }
  for (const instance of plan.changes) writer.tag(3, 2).bytes(instanceBytes(instance));
  for (const [name, output] of Object.entries(plan.outputs ?? {})) {
    const entry = writer.tag(4, 2).fork().tag(1, 2).string(name).tag(2, 2).bytes(changeBytes(output));
    entry.tag(3, 0).bool(output.sensitive).join();
  }
  for (const target of plan.targets ?? []) writer.tag(5, 2).string(target);
  const { backend } = plan;
  if (backend !== undefined) {
    const fields = writer.tag(13, 2).fork().tag(1, 2).string(backend.type);
    fields.tag(2, 2).bytes(dynamicValue(backend.config)).tag(3, 2).string(backend.workspace).join();
  }
  writer.tag(14, 2).string(plan.toolVersion);
  for (const instance of plan.drift ?? []) writer.tag(18, 2).bytes(instanceBytes(instance));
  for (const check of plan.checks ?? []) writer.tag(19, 2).bytes(checkBytes(check));
  writer.tag(21, 2).string('2026-11-23T01:59:29Z').tag(25, 0).bool(true).tag(26, 0).bool(true);
  return writer.finish();
}

function instanceBytes(instance: WrittenInstance): Uint8Array {
  const writer = new BinaryWriter();
  if (instance.deposed !== undefined) writer.tag(7, 2).string(instance.deposed);
  writer.tag(8, 2).string(instance.provider).tag(9, 2).bytes(changeBytes(instance));
  if (instance.private !== undefined) writer.tag(10, 2).string(instance.private);
  for (const path of instance.replace ?? []) writer.tag(11, 2).bytes(pathBytes(path));
  writer
    .tag(13, 2)
    .string(instance.address)
    .tag(14, 2)
    .string(instance.previousAddress ?? instance.address);
  return writer.finish();
}

function changeBytes({ action, values, beforeSensitive, afterSensitive, importId }: WrittenChange): Uint8Array {
  const writer = new BinaryWriter().tag(1, 0).uint32(action);
  for (const value of values) writer.tag(2, 2).bytes(dynamicValue(value));
  for (const path of beforeSensitive ?? []) writer.tag(3, 2).bytes(pathBytes(path));
  for (const path of afterSensitive ?? []) writer.tag(4, 2).bytes(pathBytes(path));
  if (importId !== undefined) writer.tag(5, 2).fork().tag(1, 2).string(importId).join();
  return writer.finish();
}

function checkBytes({ kind, address, messages }: NonNullable<WrittenPlan['checks']>[number]): Uint8Array {
  const writer = new BinaryWriter().tag(1, 0).uint32(kind).tag(2, 2).string(address).tag(3, 0).uint32(2);
  const object = writer.tag(4, 2).fork().tag(1, 2).string(address).tag(2, 0).uint32(2);
  for (const message of messages) object.tag(3, 2).string(message);
  return object.join().finish();
}

function pathBytes(path: WrittenPath): Uint8Array {
  const writer = new BinaryWriter();
  for (const step of path) {
    if (typeof step === 'string') writer.tag(1, 2).fork().tag(1, 2).string(step).join();
    else {
      const key = typeof step === 'number' ? step : step.key;
      writer.tag(1, 2).fork().tag(2, 2).bytes(dynamicValue(key)).join();
    }
  }
  return writer.finish();
}

function dynamicValue(value: unknown): Uint8Array {
  return new BinaryWriter().tag(1, 2).bytes(encode(value)).finish();
}

/** A dynamically typed value, as cty writes it: its type beside it. */
export function typed(type: unknown, value: unknown): readonly unknown[] {
  return [new TextEncoder().encode(JSON.stringify(type)), value];
}
