// What of a parsed command line may stand in a record: names and known words are kept, paths as typed are not. Pure.
import { hasShape } from '../redaction/shapes.ts';
import { hasSecretShape } from '../redaction/value-rules.ts';
import type { TerraformCommand } from '../record/run.ts';

/**
 * The command with its plan file by base name and its -chdir only where it is relative: an absolute one names a home.
 * A path with the shape of a secret is ''.
 */
export function toShownCommand(command: TerraformCommand): TerraformCommand {
  return { ...command, planFile: shownBaseName(command.planFile), chdir: shownDirectory(command.chdir) };
}

/** "terraform apply -auto-approve tfplan": one line for people, of a command that may be shown. */
export function formatCommand({ tool, subcommand, flags, variables, planFile, chdir }: TerraformCommand): string {
  const words = [
    tool,
    ...(chdir === '' ? [] : [`-chdir=${chdir}`]),
    subcommand,
    ...flags.filter((flag) => flag !== '-out' || planFile === ''),
    ...variables.map((name) => `-var ${name}`),
    ...(planFile === '' ? [] : [subcommand === 'plan' ? `-out=${planFile}` : planFile]),
  ];
  return words.filter((word) => word !== '').join(' ');
}

function shownBaseName(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return isQuiet(name) ? name : '';
}

function shownDirectory(path: string): string {
  const isRelative = !/^(?:[/\\~]|[A-Za-z]:)/.test(path);
  return isRelative && isQuiet(path) ? path : '';
}

function isQuiet(path: string): boolean {
  return hasShape('path', path) && !hasSecretShape(path);
}
