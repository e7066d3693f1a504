// One real Terraform in one directory, with the scripted provider and the real daemon watching: what happened by
// Terraform's own account beside what the log says. Ends with the log verified and compared with the last state.
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';
import { describe, openDaemonHarness, type DaemonHarness, type DaemonHarnessOptions } from './daemon-harness.ts';
import { scriptedBlock, startProvider, type ScriptedProvider } from './provider/provider.ts';
import { openTerraform, type JsonRun, type RunOptions, type Terraform } from './terraform.ts';

export interface Scene {
  /** The watched root, labelled `infra`; Terraform works in it. */
  readonly folder: string;
  readonly terraform: Terraform;
  readonly provider: ScriptedProvider;
  readonly daemon: DaemonHarness;
  /** main.tf with the scripted provider and `body`; of another Terraform in the scene, when given. */
  configure(body: string, other?: Terraform): Promise<void>;
  /** Configures and applies. */
  apply(body: string, options?: RunOptions): Promise<JsonRun>;
  /** The one change that followed the last one asked for. */
  change(): Promise<ChangeDetail>;
  /** As many changes as given, and not one more. */
  changes(count: number): Promise<readonly ChangeDetail[]>;
  /** Nothing that counts as a change came. */
  noChange(): Promise<void>;
  /** So many changes in all were asked for: for tests that count for themselves. */
  expectSeen(count: number): void;
  /** What the recorder holds as instances of a state, by reference without label. */
  instances(path?: string): readonly string[];
  /** Fails when a change was not asked for, or the log does not verify. */
  /** `mayMiss`: applies in quick succession may leave versions declared as missed, and no other gap. */
  close(options?: { readonly mayMiss: boolean }): Promise<void>;
}

/** Opens the scene with nothing but an empty folder. */
export async function openScene(options: Partial<DaemonHarnessOptions> = {}): Promise<Scene> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'stateseal-scene-')));
  const folder = join(base, 'infra');
  const provider = await startProvider();
  const terraform = await openTerraform(folder, { provider });
  const daemon = await openDaemonHarness({ roots: [folder], ...options });
  let seen = 0;

  const changes = async (count: number): Promise<readonly ChangeDetail[]> => {
    seen += count;
    return (await daemon.untilChanges(seen)).slice(seen - count);
  };
  const configure = (body: string, other = terraform): Promise<void> =>
    other.write({ 'main.tf': `${scriptedBlock}\n${body}` });
  const noChange = async (): Promise<void> => {
    await daemon.settled();
    expect(daemon.changes(seen).length, describe(daemon.changes(seen))).to.equal(0);
  };

  return {
    folder,
    terraform,
    provider,
    daemon,
    configure,
    async apply(body, runOptions) {
      await configure(body);
      return terraform.applyJson([], runOptions);
    },
    async change() {
      const [only] = await changes(1);
      return only ?? expect.fail('no change');
    },
    changes,
    noChange,
    expectSeen: (count) => void (seen = count),
    instances: (path = 'terraform.tfstate') => daemon.instances(`dir:infra/${path}`),
    async close({ mayMiss } = { mayMiss: false }) {
      try {
        await noChange();
        await expectVerified(daemon, mayMiss);
      } finally {
        await terraform.close();
        await provider.close();
        await daemon.close();
        await rm(base, { recursive: true });
      }
    },
  };
}

async function expectVerified(daemon: DaemonHarness, mayMiss: boolean): Promise<void> {
  const { store, archive } = await daemon.verify();
  for (const { source, integrity, failures, anomalies, format, completeness } of [store, archive]) {
    const wrong = [failures, anomalies, format].flatMap(({ list }) => list.map(({ message }) => message));
    expect({ source, integrity, wrong }).to.deep.equal({ source, integrity: 'pass', wrong: [] });
    const kinds = completeness.gaps.filter(({ explainedBy }) => explainedBy === 'none').map(({ kind }) => kind);
    expect(
      kinds.filter((kind) => !mayMiss || kind !== 'versions-missed'),
      source,
    ).to.deep.equal([]);
  }
}

/**
 * Terraform's own account as net actions. A state alone cannot tell an import from a create (what an import block also
 * updates is one with it), nor an object that is forgotten from one that is destroyed.
 */
export function reportedBy({ actions }: JsonRun): Record<string, readonly string[]> {
  const seenAs = (list: readonly string[]): readonly string[] => {
    if (list.includes('import')) return ['create'];
    return list.map((action) => (action === 'remove' ? 'delete' : action));
  };
  return Object.fromEntries([...actions].map(([address, list]) => [address, seenAs(list)]));
}
