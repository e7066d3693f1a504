// Which state a plan is for: by the version it names, and by where it lies. Pure.
import type { StateRow, States } from '../store/states.ts';
import { WITHHELD } from './known-secrets.ts';
import type { TerraformPlan } from '../terraform/plan/plan.ts';

/** The state of a plan's lineage: the one in the plan's own directory where there are several. */
export function stateOfPlan(
  { prior }: Pick<TerraformPlan, 'prior'>,
  reference: string,
  states: Pick<States, 'withLineage'>,
): StateRow | undefined {
  const lineage = prior?.lineage ?? '';
  if (lineage === '') return undefined;
  const same = states.withLineage(lineage).filter(({ isRetired }) => !isRetired);
  const directory = directoryOf(reference);
  const own = same.filter(({ uri }) => rootOf(uri) === directory);
  const near = own.length > 0 ? own : same.filter(({ uri }) => uri.startsWith(directory));
  const found = near.length > 0 ? near : same;
  return found.length === 1 ? found[0] : undefined;
}

export interface PlacedPlan {
  readonly reference: string;
  readonly lineage: string;
  readonly serial: string;
  readonly workspace: string;
}

/**
 * Whether a plan that names the state's version is of its configuration, as far as places tell. Beside a local state;
 * for one that is kept elsewhere, wherever the configuration is checked out, as long as no other state has its lineage.
 */
export function isPlanFor(row: StateRow, plan: PlacedPlan, states: Pick<States, 'withLineage'>): boolean {
  if (row.uri.startsWith('dir:')) return isBeside(row, plan.reference) && isOfWorkspace(row, plan.workspace);
  return plan.reference.startsWith('dir:') && stateOfPlan({ prior: plan }, plan.reference, states)?.id === row.id;
}

/** In the directory that the state's configuration is in. */
export function isBeside({ uri }: Pick<StateRow, 'uri'>, reference: string): boolean {
  return reference.startsWith('dir:') && rootOf(uri) === directoryOf(reference);
}

function isOfWorkspace({ workspace }: StateRow, planned: string): boolean {
  const own = workspace === '' ? 'default' : workspace;
  return planned === '' || planned === own;
}

/** `dir:root/infra/tfplan` → `dir:root/infra/`; of a run, and where the path is withheld: no place. */
function directoryOf(reference: string): string {
  if (!reference.startsWith('dir:')) return reference;
  return reference.endsWith(`/${WITHHELD}`) ? '' : reference.slice(0, reference.lastIndexOf('/') + 1);
}

/** Terraform keeps the states of named workspaces two folders below the configuration. */
function rootOf(uri: string): string {
  const directory = directoryOf(uri);
  return directory.replace(/terraform\.tfstate\.d\/[^/]+\/$/u, '');
}
