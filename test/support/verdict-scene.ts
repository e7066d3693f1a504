// One scenario of docs/VERDICTS.md: a real Terraform, a real recorder, plans that are recorded before anything is applied,
// and what the log then says of each change. What the scenarios do is in verdict-cases-*.ts.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JsonObject } from '../../daemon/json/value.ts';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';
import { netOf } from './change-facts.ts';
import { openScene, type Scene } from './terraform-scene.ts';
import type { JsonRun, StateFile, Terraform } from './terraform.ts';

export type Verdict = 'as-planned' | 'partly-applied' | 'beyond-plan' | 'diverged' | 'no-plan' | 'undetermined';
export type Net = Readonly<Record<string, readonly string[]>>;

/** A row of the table: the verdicts that each of its changes may get, in the order of the changes. */
export interface VerdictCase {
  readonly row: number;
  readonly name: string;
  readonly allowed: readonly (readonly Verdict[])[];
  /** What the newest judgement of each change must say besides. */
  readonly also?: (judged: JsonObject, told: Told) => void;
  run(): Promise<readonly Told[]>;
}

/** One change of a scenario and the `data` of its newest change.judged. */
export interface Told {
  readonly net: Net;
  readonly judged: JsonObject | undefined;
  /** The plans that were recorded in the scenario, by id, oldest first. */
  readonly plans: readonly string[];
}

export interface PlanOptions {
  readonly args?: readonly string[];
  /** Default `tfplan`. */
  readonly out?: string;
  /** Default: the scene's own. */
  readonly terraform?: Terraform;
}

export interface VerdictScene extends Scene {
  /** The world before: applied without a saved plan. */
  begin(body: string): Promise<void>;
  /** Configures and plans, and waits for the record of the plan. */
  plan(body: string, options?: PlanOptions): Promise<void>;
  /** Waits until one more plan is recorded. */
  untilPlan(): Promise<void>;
  /** The one change that follows, with these net actions by the log. */
  changed(net: Net): Promise<ChangeDetail>;
  /** Plans, applies, and gives the change. */
  planned(body: string, net: Net, options?: PlanOptions): Promise<ChangeDetail>;
  /** Applies the saved plan. */
  applyPlan(options?: Omit<PlanOptions, 'args'> & { readonly expectExit?: number }): Promise<JsonRun>;
  /** Writes the state by hand, whole, under its name. */
  edit(change: (state: StateFile) => object): Promise<void>;
}

/** A scenario in a scene of its own; `does` gives the changes that are to be judged. */
export function inScene(does: (scene: VerdictScene) => Promise<readonly ChangeDetail[]>): VerdictCase['run'] {
  return async () => {
    const scene = toVerdictScene(await openScene());
    let told: readonly Told[];
    try {
      const changes = await does(scene);
      await scene.daemon.settled();
      told = changes.map((change) => tell(scene, change));
    } catch (error) {
      await scene.close().catch(() => undefined);
      throw error;
    }
    await scene.close();
    return told;
  };
}

function toVerdictScene(scene: Scene): VerdictScene {
  let plans = 0;
  const untilPlan = async (): Promise<void> => {
    plans += 1;
    await scene.daemon.untilRecords('plan.recorded', plans);
  };
  const changed = async (net: Net): Promise<ChangeDetail> => {
    const change = await scene.change();
    expect(netOf(change), 'net actions').to.deep.equal(net);
    return change;
  };
  const plan: VerdictScene['plan'] = async (body, { args = [], out = 'tfplan', terraform = scene.terraform } = {}) => {
    await scene.configure(body, terraform);
    await terraform.plan([`-out=${out}`, ...args]);
    await untilPlan();
  };
  const applyPlan: VerdictScene['applyPlan'] = (options = {}) => {
    const { out = 'tfplan', terraform = scene.terraform, expectExit = 0 } = options;
    return terraform.applyJson([out], { expectExit });
  };
  return {
    ...scene,
    plan,
    untilPlan,
    changed,
    applyPlan,
    async begin(body) {
      await scene.apply(body);
      await scene.change();
    },
    async planned(body, net, options) {
      await plan(body, options);
      await applyPlan(options);
      return changed(net);
    },
    async edit(change) {
      const state = await scene.terraform.readState();
      const path = join(scene.folder, 'terraform.tfstate');
      await writeFile(`${path}.new`, `${JSON.stringify(change(state), null, 2)}\n`);
      await rename(`${path}.new`, path);
      expect(JSON.parse(await readFile(path, 'utf8'))).to.not.deep.equal(state);
    },
  };
}

function tell({ daemon }: Scene, change: ChangeDetail): Told {
  const judged = daemon.records('change.judged').filter(({ record }) => record.data['change'] === change.summary.id);
  return {
    net: netOf(change),
    judged: judged.at(-1)?.record.data,
    plans: daemon.records('plan.recorded').map(({ record }) => record.id),
  };
}
