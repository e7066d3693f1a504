// stateseal shim: puts a `terraform` and a `tofu` of ours into a folder that comes first on PATH, and takes them away.
// Overwrites and removes nothing that is not a shim.
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError, describeForeign } from '../errors.ts';
import { parseArguments, usageError } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';

const VERB = 'shim';
const NAMES = ['terraform', 'tofu'] as const;
const MARK = '\n# stateseal shim:';
/** Beside daemon/ and dist/ alike. */
const SCRIPT = new URL('../../hooks/shim.sh', import.meta.url);

export const shimCommand: Command = {
  name: VERB,
  summary: 'record every terraform and tofu of a PATH',
  usage: `Usage: stateseal shim install [--dir DIR]
       stateseal shim remove [--dir DIR]

Puts a small terraform and tofu into DIR (default: the folder shim in the data directory). With DIR first on PATH every
run that plans or writes goes through stateseal exec; everything else, and everything while stateseal is not installed,
goes straight to the next terraform or tofu on PATH. Install again after an upgrade.

Exit codes: 0 done · 2 could not, for example because DIR holds another terraform
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, { dir: { type: 'string' } });
    const [action, ...more] = given.positionals;
    if ((action !== 'install' && action !== 'remove') || more.length > 0) {
      throw usageError(VERB, 'expected install or remove, got something else');
    }
    const dir = given.text('dir');
    const folder = dir === undefined ? join(context.dataDir, 'shim') : resolve(dir);
    await assertOurs(folder);
    await (action === 'install' ? install(folder, context) : remove(folder, context));
    return 0;
  },
};

async function install(folder: string, context: CommandContext): Promise<void> {
  try {
    const script = await readFile(SCRIPT, 'utf8');
    await mkdir(folder, { recursive: true, mode: 0o755 });
    for (const name of NAMES) {
      // A run that starts now finds the old one or the new one, never half of it.
      const temporary = join(folder, `.${name}.new`);
      await writeFile(temporary, script);
      await chmod(temporary, 0o755);
      await rename(temporary, join(folder, name));
    }
  } catch (error) {
    throw new ConfigError('shim-failed', `could not write the shim: ${describeForeign(error)}`, {
      hint: 'name a folder that you may write with --dir',
    });
  }
  if (context.json) context.stdout(`${JSON.stringify({ object: 'shim', installed: true, dir: folder })}\n`);
  else if (!context.quiet) context.stdout(`installed ${folder}\nnext      export PATH="${folder}:$PATH"\n`);
}

async function remove(folder: string, context: CommandContext): Promise<void> {
  for (const name of NAMES) await rm(join(folder, name), { force: true });
  if (context.json) context.stdout(`${JSON.stringify({ object: 'shim', installed: false, dir: folder })}\n`);
  else if (!context.quiet) context.stdout(`removed   ${folder}\n`);
}

async function assertOurs(folder: string): Promise<void> {
  for (const name of NAMES) {
    const head = await readHead(join(folder, name));
    if (head === undefined || head.includes(MARK)) continue;
    throw new ConfigError('shim-taken', `expected no ${name} but a shim in the folder, got another program`, {
      hint: 'name a folder of its own with --dir',
    });
  }
}

async function readHead(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'latin1')).slice(0, 256);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isMissing ? undefined : '';
  }
}
