// One case of a plan, made by real Terraform in a directory of its own: the saved file, and what `terraform show -json`
// says of it.
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJson } from '../../daemon/json/parse.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../daemon/json/value.ts';
import type { PlanCase } from './plan-cases.ts';
import { scriptedBlock, startProvider, type ScriptedProvider } from './provider/provider.ts';
import { openTerraform, type Terraform } from './terraform.ts';

export interface MadePlan {
  /** The file of `plan -out`. */
  readonly saved: Uint8Array;
  /** The text of `show -json`, and what it says. */
  readonly printed: Uint8Array;
  readonly shown: JsonObject;
}

const PLAN = 'case.tfplan';

export async function makePlan(given: PlanCase): Promise<MadePlan> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'stateseal-plan-')));
  const provider = await startProvider();
  const terraform = await openTerraform(folder, { provider });
  try {
    await prepare(given, terraform, provider);
    const args = [`-out=${PLAN}`, ...(given.args ?? [])];
    await terraform.plan(args, { env: given.env ?? {}, expectExit: given.isErrored === true ? 1 : 0 });
    const printed = Buffer.from((await terraform.run(['show', '-json', PLAN])).stdout);
    const shown = parseJson(printed);
    if (!isJsonObject(shown)) throw new Error('expected an object from terraform show -json, got another value');
    return { saved: await readFile(join(folder, PLAN)), printed, shown };
  } finally {
    await terraform.close();
    await provider.close();
    await rm(folder, { recursive: true });
  }
}

async function prepare(given: PlanCase, terraform: Terraform, provider: ScriptedProvider): Promise<void> {
  const { before = [], files = {}, commands = [], outside, body } = given;
  await terraform.write(files);
  for (const earlier of before) {
    await terraform.write({ 'main.tf': `${scriptedBlock}\n${earlier}` });
    await terraform.init();
    await terraform.apply([], { expectExit: 'any' });
  }
  for (const command of commands) await terraform.run(command);
  outside?.(provider);
  await terraform.write({ 'main.tf': `${scriptedBlock}\n${body}` });
  await terraform.init();
}

/** Terraform's account of a plan as lines, for what a case says that it shows. */
export function linesOf(shown: JsonObject): readonly string[] {
  const outputs = Object.entries(objectAt(shown, 'output_changes')).map(
    ([name, change]) => `output ${actionsOf(change)} ${name}`,
  );
  const checks = listAt(shown, 'checks').map((check) => {
    return `check ${textAt(check, 'status')} ${textAt(objectAt(check, 'address'), 'to_display')}`;
  });
  return [
    ...listAt(shown, 'resource_changes').flatMap((change) => changeLines(change)),
    ...listAt(shown, 'resource_drift').flatMap((change) => changeLines(change).map((line) => `drift ${line}`)),
    ...outputs,
    ...checks,
    ...(shown['applyable'] === true ? [] : ['not applyable']),
    ...(shown['complete'] === true ? [] : ['incomplete']),
    ...(shown['errored'] === true ? ['errored'] : []),
  ];
}

function changeLines(resource: JsonObject): readonly string[] {
  const [address, previous] = [textAt(resource, 'address'), textAt(resource, 'previous_address')];
  const change = objectAt(resource, 'change');
  const parts = [
    ...(resource['deposed'] === undefined ? [] : ['deposed']),
    actionsOf(change),
    address,
    ...(resource['action_reason'] === undefined ? [] : [textAt(resource, 'action_reason')]),
  ];
  return [
    parts.join(' '),
    ...(change['importing'] === undefined ? [] : [`import ${address}`]),
    ...(previous === '' ? [] : [`${previous} -> ${address}`]),
  ];
}

function actionsOf(change: Json): string {
  return listOf(isJsonObject(change) ? change['actions'] : undefined)
    .filter((action) => typeof action === 'string')
    .join(',');
}

export function listAt(object: JsonObject, name: string): readonly JsonObject[] {
  return listOf(object[name]).filter(isJsonObject);
}

export function objectAt(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value ?? null) ? (value as JsonObject) : {};
}

function listOf(value: Json | undefined): readonly Json[] {
  return isJsonArray(value ?? null) ? (value as readonly Json[]) : [];
}

function textAt(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}
