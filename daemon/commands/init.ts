// `stateseal init`: asks what only a person can decide (what to watch, where to seal, how far back an auditor looks, who
// may lift a lock) and writes stateseal.yaml, once. Without a terminal the same answers come as flags.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArchiveLocation } from '../archive/location.ts';
import type { RetentionMode } from '../archive/archive.ts';
import { parseConfigFile } from '../config-file.ts';
import { COMPLIANCE_WARNING, SUGGESTED_AUDIT_DAYS } from '../doctor/retention-checks.ts';
import { ConfigError, describeForeign } from '../errors.ts';
import { escapeText } from '../terminal.ts';
import { assertOneOf, parseArguments, parseCount, usageError, type Arguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';

const VERB = 'init';
const MAX_DAYS = 36_500;
const OPTIONS = {
  archive: { type: 'string' },
  'audit-days': { type: 'string' },
  mode: { type: 'string' },
  out: { type: 'string' },
  yes: { type: 'boolean' },
} as const;

export const initCommand: Command = {
  name: VERB,
  summary: 'ask what to watch and where to seal, write stateseal.yaml',
  usage: `Usage: stateseal init [dir…]

Asks for the directories to watch, the archive, how far back an auditor looks and the mode of the locks, and writes
stateseal.yaml. Never overwrites. Without a terminal, or with --yes, everything comes from the flags.

  --archive PLACE     where to seal: s3://bucket/prefix, or a directory   (default: a directory beside the data)
  --audit-days N      how far back an auditor looks; locks hold so long   (default ${SUGGESTED_AUDIT_DAYS})
  --mode MODE         GOVERNANCE, or COMPLIANCE, which nobody can undo    (default GOVERNANCE)
  --out FILE          another file than stateseal.yaml
  --yes               ask nothing
Exit codes: 0 written · 2 not written
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, OPTIONS);
    const out = resolve(given.text('out') ?? 'stateseal.yaml');
    if (existsSync(out)) throw alreadyThere(out);
    const fromFlags = readFlags(given);
    const answers = given.has('yes') || !context.isTerminal ? fromFlags : await ask(fromFlags, context);
    const text = formatConfig(answers);
    // What is written must be readable: a path may hold anything.
    parseConfigFile(text, out);
    if (isLockedForGood(answers)) context.stdout(`warning    ${COMPLIANCE_WARNING}\n`);
    await writeOnce(out, text);
    context.stdout(formatNext(answers, out));
    return 0;
  },
};

interface Answers {
  readonly roots: readonly string[];
  /** '' for the default beside the data. */
  readonly archive: string;
  readonly auditDays: number;
  readonly mode: RetentionMode;
}

function readFlags(given: Arguments): Answers {
  const mode = given.text('mode') ?? 'GOVERNANCE';
  assertOneOf(VERB, '--mode', [mode], ['GOVERNANCE', 'COMPLIANCE']);
  const days = parseCount(VERB, '--audit-days', given.text('audit-days') ?? String(SUGGESTED_AUDIT_DAYS), 1);
  if (days > MAX_DAYS) throw usageError(VERB, `expected at most ${MAX_DAYS} after --audit-days, got more`);
  const archive = given.text('archive') ?? '';
  if (archive !== '') parseArchiveLocation(archive);
  const roots = given.positionals.length > 0 ? given.positionals : ['.'];
  return { roots, archive, auditDays: days, mode: mode === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE' };
}

type Question = (text: string, preset: string) => Promise<string>;

async function ask(presets: Answers, context: CommandContext): Promise<Answers> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new Promise<never>((_, reject) => terminal.once('close', () => reject(cancelled())));
  ended.catch(() => undefined);
  const question: Question = async (text, preset) => {
    const answer = await Promise.race([terminal.question(`${text}${preset === '' ? '' : ` [${preset}]`}: `), ended]);
    return answer.trim() || preset;
  };
  try {
    const roots = (await question('Directories to watch, comma between', presets.roots.join(','))).split(',');
    const archive = await askArchive(question, presets, context);
    if (!archive.startsWith('s3://')) return { ...presets, roots: trimmed(roots), archive };
    const auditDays = await askDays(question, presets, context);
    const mode = await askMode(question, presets, context);
    return { roots: trimmed(roots), archive, auditDays, mode };
  } finally {
    terminal.close();
  }
}

async function askArchive(question: Question, { archive }: Answers, context: CommandContext): Promise<string> {
  for (;;) {
    const answer = await question(
      'Archive: s3://bucket/prefix, or nothing for a directory, which locks nothing',
      archive,
    );
    if (answer === '' || isLocation(answer, context)) return answer;
  }
}

function isLocation(text: string, context: CommandContext): boolean {
  try {
    parseArchiveLocation(text);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    context.stdout(`${error.message}; ${error.hint}\n`);
    return false;
  }
}

async function askDays(question: Question, { auditDays }: Answers, context: CommandContext): Promise<number> {
  for (;;) {
    const answer = await question('How many days back does your auditor look', String(auditDays));
    const days = /^\d{1,5}$/.test(answer) ? Number(answer) : 0;
    if (days >= 1 && days <= MAX_DAYS) return days;
    context.stdout(`expected a whole number from 1 to ${MAX_DAYS}\n`);
  }
}

/** COMPLIANCE is typed, never the answer to a bare return, and never by accident. */
async function askMode(question: Question, { mode }: Answers, context: CommandContext): Promise<RetentionMode> {
  if (mode === 'COMPLIANCE') return mode;
  context.stdout(
    `Locks: GOVERNANCE, which an account with the right to bypass can lift, or COMPLIANCE.\n${COMPLIANCE_WARNING}.\n`,
  );
  const answer = await question('Return for GOVERNANCE, or type COMPLIANCE', '');
  if (answer === 'COMPLIANCE') return answer;
  if (answer !== '') context.stdout('not typed as COMPLIANCE: GOVERNANCE it is\n');
  return 'GOVERNANCE';
}

function formatConfig({ roots, archive, auditDays, mode }: Answers): string {
  const quoted = (text: string): string => JSON.stringify(text);
  const lines = ['# Written by stateseal init. Every setting: schemas/config.schema.json', 'roots:'];
  lines.push(...roots.map((root) => `  - path: ${quoted(resolve(root))}`));
  if (archive === '') return `${lines.join('\n')}\n`;
  const isS3 = archive.startsWith('s3://');
  lines.push('archive:', `  location: ${quoted(isS3 ? archive : resolve(archive))}`);
  if (isS3) {
    lines.push(`  mode: ${mode}`, `  auditDays: ${auditDays}`);
    lines.push(`  structureDays: ${auditDays}`, `  contentDays: ${auditDays}`);
  }
  return `${lines.join('\n')}\n`;
}

/** `wx`: the file may have come while the questions were asked. */
async function writeOnce(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw alreadyThere(path);
    throw new ConfigError('output-failed', `could not write the configuration: ${describeForeign(error)}`, {
      hint: 'check the folder and the rights on it, or give --out',
    });
  }
}

function isLockedForGood({ archive, mode }: Answers): boolean {
  return archive.startsWith('s3://') && mode === 'COMPLIANCE';
}

function formatNext({ archive }: Answers, out: string): string {
  const file = escapeText(out);
  const steps = [
    `written    ${file}`,
    ...(archive.startsWith('s3://') ? ['next       bucket and rights: docs/aws/README.md'] : []),
    `next       stateseal doctor --config ${file}`,
    `then       stateseal watch --config ${file}`,
  ];
  return `${steps.join('\n')}\n`;
}

function trimmed(words: readonly string[]): readonly string[] {
  return words.map((word) => word.trim()).filter((word) => word !== '');
}

function alreadyThere(path: string): ConfigError {
  return new ConfigError('output-failed', `expected no file at ${path}, got one`, {
    hint: 'it is kept as it is: edit it, or give --out another name',
  });
}

function cancelled(): ConfigError {
  return new ConfigError('usage', 'expected an answer, got the end of input', { hint: 'nothing was written' });
}
