// A real terraform in one directory of a test: files in, commands run, what Terraform itself reports out.
// Never downloads anything, never reads the user's own configuration, and knows nothing of stateseal.
import { spawn as spawnChild, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram } from './components.ts';
import type { ScriptedProvider } from './provider/provider.ts';

export interface TerraformOptions {
  /** Added to every run; TF_* of the test's own environment never get through. */
  readonly env?: Readonly<Record<string, string>>;
  readonly provider?: Pick<ScriptedProvider, 'reattach'>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default 0: another exit code rejects with what Terraform printed. */
  readonly expectExit?: number | 'any';
  readonly input?: string;
}

export interface RunResult {
  /** Undefined when a signal ended the run. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that the test means to interrupt. */
export interface RunningTerraform {
  readonly pid: number;
  readonly done: Promise<RunResult>;
  /** Sends the signal and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<RunResult>;
}

export interface Terraform {
  readonly dir: string;
  /** Writes files below the directory, by relative path. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  spawn(args: readonly string[], options?: RunOptions): RunningTerraform;
  init(extra?: readonly string[], options?: RunOptions): Promise<RunResult>;
  plan(extra?: readonly string[], options?: RunOptions): Promise<RunResult>;
  apply(extra?: readonly string[], options?: RunOptions): Promise<RunResult>;
  destroy(extra?: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** `apply -json`, read as Terraform's own account of what it did. */
  applyJson(extra?: readonly string[], options?: RunOptions): Promise<JsonRun>;
  /** The instances of the current state as `terraform show -json` lists them. */
  showState(): Promise<readonly ShownInstance[]>;
  /** The state file itself. */
  readState(path?: string): Promise<StateFile>;
  /** Kills what is still running. */
  close(): Promise<void>;
}

export interface JsonRun extends RunResult {
  readonly messages: readonly UiMessage[];
  readonly planned: readonly PlannedChange[];
  /** Operations that ended well, in order; a replace is two of them. */
  readonly completed: readonly Operation[];
  readonly errored: readonly Operation[];
  /**
   * What happened to each address: completed operations, and the planned moves, imports and removals of a
   * run that succeeded (these have no operation of their own). Data reads left out.
   */
  readonly actions: ReadonlyMap<string, readonly string[]>;
  /** Counts of the apply itself; undefined when it failed. */
  readonly summary: UiMessage['changes'];
}

export interface PlannedChange extends Operation {
  readonly previousAddress: string | undefined;
  readonly importing: boolean;
  readonly reason: string | undefined;
}

type UiResource = { readonly addr: string };

/** One line of the `-json` stream: the members the tests use. */
export interface UiMessage {
  readonly type: string;
  readonly '@level': string;
  readonly '@message': string;
  readonly hook?: { readonly resource: UiResource; readonly action: string };
  readonly change?: {
    readonly resource: UiResource;
    readonly previous_resource?: UiResource;
    readonly action: string;
    readonly reason?: string;
    readonly importing?: object;
  };
  readonly changes?: {
    readonly add: number;
    readonly change: number;
    readonly import: number;
    readonly remove: number;
    readonly operation: string;
  };
  readonly diagnostic?: { readonly severity: string; readonly summary: string; readonly detail: string };
}

/** An operation that has a beginning and an end of its own. */
export interface Operation {
  readonly address: string;
  readonly action: string;
}

/** A resource in `terraform show -json`. */
export interface ShownInstance {
  readonly address: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
  readonly provider_name: string;
  readonly schema_version: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly sensitive_values: Readonly<Record<string, unknown>>;
  readonly depends_on?: readonly string[];
  readonly tainted?: boolean;
  readonly deposed_key?: string;
}

/** A state file, version 4. */
export interface StateFile {
  readonly serial: number;
  readonly lineage: string;
  readonly terraform_version: string;
  readonly outputs: Readonly<Record<string, { readonly value: unknown; readonly sensitive?: boolean }>>;
  readonly resources: readonly {
    readonly module?: string;
    readonly mode: 'managed' | 'data';
    readonly type: string;
    readonly name: string;
    readonly provider: string;
    readonly instances: readonly StateFileInstance[];
  }[];
}

export interface StateFileInstance {
  readonly index_key?: string | number;
  readonly status?: 'tainted';
  readonly deposed?: string;
  readonly schema_version: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly sensitive_attributes: readonly (readonly { readonly type: string; readonly value: unknown }[])[];
  readonly private?: string;
  readonly dependencies?: readonly string[];
  readonly create_before_destroy?: boolean;
}

interface ShownModule {
  readonly resources?: readonly ShownInstance[];
  readonly child_modules?: readonly ShownModule[];
}

/** Where `terraform` is, or undefined. */
export function terraformPath(): string | undefined {
  return findProgram('terraform');
}

/** Terraform at work in `dir`, which is made if need be. */
export async function openTerraform(dir: string, options: TerraformOptions = {}): Promise<Terraform> {
  const program = terraformPath();
  if (program === undefined) throw new Error('expected terraform on PATH, got none');
  const reattach = options.provider && { TF_REATTACH_PROVIDERS: options.provider.reattach };
  const configPath = join(dir, '.terraformrc');
  await mkdir(dir, { recursive: true });
  await writeFile(configPath, noDownloads(dir));
  const baseEnv = { ...isolatedEnv(dir, configPath), ...reattach, ...options.env };
  const children = new Set<RunningTerraform>();

  function spawn(args: readonly string[], { env, input }: RunOptions = {}): RunningTerraform {
    const child = spawnChild(program ?? '', args, { cwd: dir, env: { ...baseEnv, ...env } });
    const running = follow(child);
    child.stdin.on('error', () => undefined).end(input);
    children.add(running);
    const forget = (): boolean => children.delete(running);
    running.done.then(forget, forget);
    return running;
  }

  async function run(args: readonly string[], runOptions: RunOptions = {}): Promise<RunResult> {
    const result = await spawn(args, runOptions).done;
    const { expectExit = 0 } = runOptions;
    if (expectExit === 'any' || result.code === expectExit) return result;
    const printed = `${result.stdout}\n${result.stderr}`.trim();
    throw new Error(`terraform ${args.join(' ')}: expected exit ${expectExit}, got ${result.code}\n${printed}`);
  }

  const command =
    (...first: string[]) =>
    (extra: readonly string[] = [], runOptions?: RunOptions): Promise<RunResult> =>
      run([...first, '-input=false', '-no-color', ...extra], runOptions);

  return {
    dir,
    write: (files) => writeFiles(dir, files),
    run,
    spawn,
    init: command('init'),
    plan: command('plan'),
    apply: command('apply', '-auto-approve'),
    destroy: command('destroy', '-auto-approve'),
    applyJson: async (extra = [], runOptions) =>
      parseJsonRun(await run(['apply', '-json', '-auto-approve', '-input=false', ...extra], runOptions)),
    showState: async () => parseShownState((await run(['show', '-json'])).stdout),
    readState: async (path = 'terraform.tfstate') => JSON.parse(await readFile(join(dir, path), 'utf8')) as StateFile,
    close: async () => void (await Promise.all([...children].map((child) => child.kill('SIGKILL')))),
  };
}

/** Providers come only from a folder that is not there, and the registry offers nothing, modules neither. */
function noDownloads(dir: string): string {
  const mirror = `  filesystem_mirror {\n    path = ${JSON.stringify(join(dir, '.no-providers'))}\n  }\n`;
  return `provider_installation {\n${mirror}}\nhost "registry.terraform.io" {\n  services = {}\n}\n`;
}

function isolatedEnv(dir: string, configPath: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: dir,
    TF_CLI_CONFIG_FILE: configPath,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
  };
}

async function writeFiles(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
}

function follow(child: ChildProcess): RunningTerraform {
  const printed = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text));
  const done = new Promise<RunResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? undefined, ...printed }));
  });
  const kill = (signal: NodeJS.Signals): Promise<RunResult> => {
    child.kill(signal);
    return done;
  };
  return { pid: child.pid ?? -1, done, kill };
}

function parseJsonRun(result: RunResult): JsonRun {
  const lines = result.stdout.split('\n').filter((line) => line !== '');
  const messages = lines.map((line) => JSON.parse(line) as UiMessage);
  const planned = messages.flatMap(toPlannedChange);
  const completed = messages.flatMap((message) => toHookAction(message, 'apply_complete'));
  const errored = messages.flatMap((message) => toHookAction(message, 'apply_errored'));
  const summary = messages.map(({ changes }) => changes).findLast((changes) => changes?.operation === 'apply');
  const silent = summary === undefined ? [] : planned.flatMap(toSilentActions);
  return { ...result, messages, planned, completed, errored, actions: toActions([...silent, ...completed]), summary };
}

function toPlannedChange({ type, change }: UiMessage): PlannedChange[] {
  if (type !== 'planned_change' || change === undefined) return [];
  const { resource, previous_resource, action, reason, importing } = change;
  const importedOrMoved = { previousAddress: previous_resource?.addr, importing: importing !== undefined };
  return [{ address: resource.addr, action, reason, ...importedOrMoved }];
}

function toHookAction({ type, hook }: UiMessage, wanted: string): Operation[] {
  if (type !== wanted || hook === undefined) return [];
  return hook.action === 'read' ? [] : [{ address: hook.resource.addr, action: hook.action }];
}

/** Move, import and remove change the state alone, so Terraform announces them and then says no more. */
function toSilentActions(change: PlannedChange): Operation[] {
  const { address, previousAddress, importing } = change;
  const happened = { move: previousAddress !== undefined, import: importing, remove: change.action === 'remove' };
  return Object.entries(happened).flatMap(([action, isSo]) => (isSo ? [{ address, action }] : []));
}

function toActions(steps: readonly Operation[]): ReadonlyMap<string, readonly string[]> {
  const byAddress = Map.groupBy(steps, ({ address }) => address);
  return new Map([...byAddress].map(([address, all]) => [address, all.map(({ action }) => action)]));
}

function parseShownState(stdout: string): readonly ShownInstance[] {
  return listShown((JSON.parse(stdout) as { values?: { root_module?: ShownModule } }).values?.root_module ?? {});
}

function listShown({ resources = [], child_modules = [] }: ShownModule): readonly ShownInstance[] {
  return [...resources, ...child_modules.flatMap(listShown)];
}
