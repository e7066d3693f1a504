// Which commands are worth a record, and which may have written a state. The shim (hooks/shim.sh) has the same list in
// shell, so that `terraform fmt` never starts us; a test compares the two.
import type { TerraformCommand } from '../record/run.ts';

/** They neither plan nor write: Terraform runs alone. What is not known is recorded. */
export const UNRECORDED: readonly string[] = [
  ...['console', 'fmt', 'get', 'graph', 'login', 'logout', 'metadata', 'modules', 'output', 'providers', 'show'],
  ...['validate', 'version'],
  ...['env list', 'env select', 'env show', 'workspace list', 'workspace select', 'workspace show'],
  ...['state identities', 'state list', 'state pull', 'state show'],
];

const STATE_WRITERS: ReadonlySet<string> = new Set([
  ...['apply', 'destroy', 'import', 'refresh', 'taint', 'untaint'],
  ...['state mv', 'state push', 'state replace-provider', 'state rm'],
]);

/** `command`: undefined for another program, which may run Terraform in turn. */
export function isRecorded(command: TerraformCommand | undefined, argv: readonly string[]): boolean {
  if (command === undefined) return true;
  if (argv.length < 2 || hasFlag(command, '-help') || hasFlag(command, '-version')) return false;
  const [first = ''] = command.subcommand.split(' ');
  return !UNRECORDED.includes(command.subcommand) && !UNRECORDED.includes(first);
}

/** Its backend may hold another state than before, however it ended. */
export function writesState(command: TerraformCommand): boolean {
  if (command.subcommand === 'init') return hasFlag(command, '-migrate-state') || hasFlag(command, '-force-copy');
  return STATE_WRITERS.has(command.subcommand);
}

/** Its standard output is lines of JSON for a machine. */
export function writesStream(command: TerraformCommand): boolean {
  return hasFlag(command, '-json');
}

function hasFlag({ flags }: TerraformCommand, name: string): boolean {
  return flags.includes(name) || flags.includes(`${name}=true`) || flags.includes(`${name}=1`);
}
