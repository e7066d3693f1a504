// What a file's name means in a Terraform tree: state, lock, backup, backend pointer (docs/TERRAFORM.md §1.1).
// Pure text; opens nothing.
import { basename, dirname, join } from 'node:path';

/** The folder Terraform keeps other workspaces in. */
const workspaceFolder = 'terraform.tfstate.d';
export const dataFolder = '.terraform';
export const pointerName = 'terraform.tfstate';
/** Beside the pointer: which workspace is selected. */
export const workspaceName = 'environment';
const defaultStateName = 'terraform.tfstate';

export type StateNameKind = 'state' | 'errored' | 'other';

/** 'state' for *.tfstate, 'errored' for the dump Terraform leaves when a remote write fails, else 'other'. */
export function stateNameKind(name: string): StateNameKind {
  if (!name.endsWith('.tfstate')) return 'other';
  return name === 'errored.tfstate' ? 'errored' : 'state';
}

const PLAN_NAME = /^(?:.+[._-])?(?:tf)?plan(?:file)?(?:[._-](?:tfplan|plan|out|bin|json|zip|[0-9a-f]{1,40}))*$/i;

/** A name that people and platforms give a plan: tfplan, plan.out, prod.tfplan, network-default.tfplan, tfplan.json. */
export function isPlanName(name: string): boolean {
  return name.length <= 255 && PLAN_NAME.test(name);
}

/** The lock info file beside a state: `.` + name without its leading dot + `.lock.info`. */
export function lockPathOf(statePath: string): string {
  const name = basename(statePath);
  return join(dirname(statePath), `.${name.startsWith('.') ? name.slice(1) : name}.lock.info`);
}

export function backupPathOf(statePath: string): string {
  return `${statePath}.backup`;
}

/** The state a numbered backup (`NAME.<unix seconds>.backup`, from `state mv` and `state rm`) belongs to. */
export function parseNumberedBackup(
  path: string,
): { readonly statePath: string; readonly seconds: number } | undefined {
  const match = /^(.+)\.(\d{1,15})\.backup$/s.exec(path);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { statePath: match[1], seconds: Number(match[2]) };
}

/** NAME for …/terraform.tfstate.d/NAME/terraform.tfstate, else "default". */
export function workspaceOf(statePath: string): string {
  const folder = dirname(statePath);
  if (basename(statePath) !== defaultStateName || basename(dirname(folder)) !== workspaceFolder) return 'default';
  return basename(folder);
}

/**
 * The folders a state is named after, outermost first: those of its path inside the root, without the folders
 * Terraform made itself, and with the file's own name when it is not the usual one.
 */
export function namingSegments(relativePath: string): readonly string[] {
  const folders = relativePath.split('/').slice(0, -1);
  const file = basename(relativePath);
  if (file !== defaultStateName) return [...folders, file.replace(/(?<=.)\.[^.]+$/s, '')];
  if (folders.at(-1) === dataFolder) return folders.slice(0, -1);
  return folders.at(-2) === workspaceFolder ? folders.slice(0, -2) : folders;
}
