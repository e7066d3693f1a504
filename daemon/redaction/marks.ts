// Sensitive paths of one tree as a trie, resolved against the tree first: a path that does not fit hides all of the
// attribute it starts in. Pure; knows nothing of why a path is sensitive beyond its name.
import { readPointer } from '../json/pointer.ts';
import { isJsonArray, isJsonObject, member, type Json } from '../json/value.ts';
import type { HiddenBy } from '../record/observation.ts';
import type { SensitivePath } from '../terraform/state.ts';
import { isTypedWrapper } from './dynamic-value.ts';

export interface MarkNode {
  /** Why all from here on is hidden; undefined: only something below is. */
  readonly by: HiddenBy | undefined;
  readonly children: ReadonlyMap<string, MarkNode>;
}

/** The node one step down. List indexes and the text of them are one step, as in a pointer. */
export function markStep(node: MarkNode | undefined, step: string | number): MarkNode | undefined {
  if (node === undefined || node.children.size === 0) return undefined;
  return node.children.get(String(step));
}

export interface MarkedPath {
  readonly steps: SensitivePath;
  readonly by: HiddenBy;
}

/** Undefined for no paths. The empty path marks the whole tree. */
export function createMarks(paths: readonly MarkedPath[]): MarkNode | undefined {
  if (paths.length === 0) return undefined;
  const root: MutableNode = { by: undefined, children: new Map() };
  for (const { steps, by } of paths) place(root, steps, by);
  return root;
}

/**
 * Steps that fit the tree: through the wrapper of a dynamically typed value, which Terraform's paths skip; or the
 * first step alone when the rest leads nowhere.
 */
export function resolvePath(tree: Json, path: SensitivePath): SensitivePath {
  if (readPointer(tree, path) !== undefined) return path;
  const steps: (string | number)[] = [];
  let node: Json = tree;
  for (const step of path) {
    if (childOf(node, step) === undefined && isJsonObject(node) && isTypedWrapper(node)) {
      steps.push('value');
      node = node['value'] ?? null;
    }
    const child = childOf(node, step);
    if (child === undefined) return path.slice(0, 1);
    steps.push(step);
    node = child;
  }
  return steps;
}

function childOf(node: Json, step: string | number): Json | undefined {
  if (isJsonObject(node)) return member(node, String(step));
  return isJsonArray(node) && Number.isInteger(Number(step)) ? node[Number(step)] : undefined;
}

interface MutableNode {
  by: HiddenBy | undefined;
  readonly children: Map<string, MutableNode>;
}

/** A mark outranks every other reason given for the same path. */
function place(root: MutableNode, steps: SensitivePath, by: HiddenBy): void {
  let node = root;
  for (const step of steps) {
    const child = node.children.get(String(step)) ?? { by: undefined, children: new Map<string, MutableNode>() };
    node.children.set(String(step), child);
    node = child;
  }
  if (node.by !== 'mark') node.by = by;
}
