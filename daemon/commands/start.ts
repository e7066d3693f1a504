// stateseal start: with a directory, the same as watch; without one, a guided first run in a temporary folder, on the
// real daemon from first sight to verification, with a tampered copy at the end.
import { cp, mkdir, mkdtemp, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toChildEnvironment } from '../config-environment.ts';
import { openDaemon, DATABASE_FILE } from '../daemon.ts';
import { createBatches } from '../store/batches.ts';
import { openDatabaseReadOnly } from '../store/database.ts';
import { createQueries, type Queries } from '../store/queries.ts';
import { createReplayExample, createTerraformExample, findTerraform, type Example } from '../tour/example.ts';
import { parseArguments } from './arguments.ts';
import type { ServiceCommand, ServiceContext } from './service.ts';
import { verifyCommand } from './verify.ts';
import { watchCommand } from './watch.ts';
import { createWatchScreen } from './watch-screen.ts';

export const startCommand: ServiceCommand = {
  name: 'start',
  summary: 'a guided first run in a temporary folder',
  usage: `Usage: stateseal start [dir…]

Without a directory: a guided first run that needs nothing. In a temporary folder it watches an example, makes real
changes, shows and seals them, verifies the archive, tampers with a copy and shows that verify names it.
With directories: the same as stateseal watch.
`,
  async run(args, context) {
    if (args.length > 0) return watchCommand.run(args, context);
    parseArguments('start', args, {});
    return tour(context);
  },
};

async function tour(context: ServiceContext): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'stateseal-first-run-'));
  const infra = join(folder, 'infra');
  const dataDir = join(folder, 'data');
  await mkdir(infra);
  const say = (text: string): void => context.stdout(`${text}\n`);
  const heading = (text: string): void => say(`\n== ${text}`);

  const environment = toChildEnvironment({ CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', TF_INPUT: '0' });
  const terraform = await findTerraform(environment);
  const example = terraform ? createTerraformExample(terraform, infra, environment) : createReplayExample(infra);
  say(`A first run of stateseal, in ${folder}`);
  say(`Changes are made by ${example.by}. Nothing outside this folder is touched.`);

  heading('1. Watch a directory');
  const vkey = await record({ ...context, dataDir }, dataDir, infra, example, heading);

  heading('5. Verify the archive, as anybody can with the archive and the public key alone');
  const archive = await onlyFolder(join(dataDir, 'archive'));
  const check = (place: string): Promise<number> =>
    verifyCommand.run([place, '--key', vkey], { ...context, dataDir: join(folder, 'nothing') });
  const intact = await check(archive);

  heading('6. Tamper with a copy: one bit of one archived batch');
  const copy = join(folder, 'tampered');
  await cp(archive, copy, { recursive: true });
  say(`flipped one bit in ${await flipOneBit(copy)}`);
  const tampered = await check(copy);
  say(tampered === 1 ? '\nexit 1: verify named it.' : `\nexit ${tampered}: expected 1. Please report this.`);

  say(`
Next
  npm start -- ./infra                      record your own directory (the log lives in ~/.local/state/stateseal)
  npm run stateseal -- log                  then ask it: log, show <n>, status, verify
  npm run stateseal -- --data-dir ${dataDir} log
  rm -rf ${folder}     when you have seen enough`);
  return intact === 0 && tampered === 1 ? 0 : 1;
}

async function record(
  context: ServiceContext,
  dataDir: string,
  infra: string,
  example: Example,
  heading: (text: string) => void,
): Promise<string> {
  const config = { ...(await context.loadConfig({ roots: [infra], httpPort: 'off' })), dataDir, quietMs: 2_000 };
  const local = {
    ...config,
    archive: { ...config.archive, location: { kind: 'directory' as const, path: join(dataDir, 'archive') } },
  };
  let queries: Queries | undefined;
  const screen = createWatchScreen(local, context, () => queries);
  const daemon = await openDaemon(local, {
    onOutcome: (outcome) => screen.outcome(outcome),
    onSealed: (batch) => screen.sealed(batch),
    onProblem: (problem) => screen.problem(problem),
  });
  const database = openDatabaseReadOnly(join(dataDir, DATABASE_FILE));
  try {
    queries = createQueries(database, createBatches(database));
    screen.greet(daemon, queries.states());
    heading('2. Make changes');
    for (const [index, step] of example.steps.entries()) {
      screen.line(`\n$ ${step.title}`);
      await step.run();
      await untilChanges(queries, index + 1, context);
    }
    heading('3. Seal what is open');
    await daemon.seal();
    heading('4. Stop: the last records are sealed too');
    await daemon.close('first run over');
    return daemon.vkey;
  } catch (error) {
    // What failed is told; an open recorder would keep the process from ending.
    await daemon.close('first run failed').catch(() => undefined);
    throw error;
  } finally {
    database.close();
  }
}

/** A change is recorded a moment after the run that made it. */
async function untilChanges(queries: Queries, count: number, context: ServiceContext): Promise<void> {
  for (let waited = 0; waited < 150; waited += 1) {
    if (queries.counts.totals({}).changes >= count) return;
    if (!(await context.pause(100))) return;
  }
}

async function onlyFolder(path: string): Promise<string> {
  const [name = ''] = (await readdir(path)).filter((entry) => !entry.startsWith('.'));
  return join(path, name);
}

async function flipOneBit(archive: string): Promise<string> {
  const [name = ''] = await readdir(join(archive, 'batch'));
  const path = join(archive, 'batch', name);
  const bytes = await readFile(path);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  // The archived file is read-only for everyone: what replaces it is a new file under the same name.
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
  return `batch/${name}, byte ${middle} of ${bytes.length}`;
}
