// Applies in quick succession on a busy machine: nearly all are recorded one by one, the others are declared, and no
// link is ever false. STATESEAL_FULL=1 runs 200 rounds; STATESEAL_SEED runs the rounds of one seed again.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import { valueOf } from '../support/change-facts.ts';
import { requireComponent } from '../support/components.ts';
import { describe as describeChanges } from '../support/daemon-harness.ts';
import {
  applySpaced,
  judge,
  spacedConfiguration,
  spacingOf,
  type Fate,
  type Final,
} from '../support/spaced-applies.ts';
import { openTerraform, terraformPath, type Terraform } from '../support/terraform.ts';
import { openScene, type Scene } from '../support/terraform-scene.ts';

const ROUNDS = process.env['STATESEAL_FULL'] === '1' ? 200 : 12;
const WIDE_MS = 100;
/** Rounds go around these: no state is rewritten so often that it counts as flooded. */
const DIRECTORIES = 8;

interface Place {
  readonly terraform: Terraform;
  last: Final;
}

describe('a real terraform in quick succession, under load', () => {
  let scene: Scene;
  let burners: readonly ChildProcess[] = [];
  let places: readonly Place[] = [];

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
  });
  beforeEach(async () => {
    scene = await openScene();
    const names = Array.from({ length: Math.min(DIRECTORIES, ROUNDS) }, (_, index) => `s${index}`);
    places = await Promise.all(names.map((name) => openPlace(join(scene.folder, name))));
  });
  afterEach(async () => {
    for (const burner of burners) burner.kill('SIGKILL');
    for (const { terraform } of places) await terraform.close();
    await scene.close({ mayMiss: true });
  });

  it(`${ROUNDS} rounds of three applies, 0 to 200 ms apart`, async function () {
    this.timeout(ROUNDS * 15_000);
    const seed = Number(process.env['STATESEAL_SEED'] ?? Date.now() % 1_000_000);
    await scene.daemon.settled();
    let seen = scene.daemon.changes().length;
    burners = [1, 2].map(() => spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' }));
    const fates: { readonly spacingMs: number; readonly fate: Fate }[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const spacingMs = spacingOf(seed, round);
      const place = places[round % places.length] ?? expect.fail('no place');
      const finals = await applySpaced(place.terraform, round, spacingMs);
      await scene.daemon.settled();
      const changes = scene.daemon.changes(seen);
      seen += changes.length;
      const judgement = judge(place.last, finals, changes);
      const told = `seed ${seed}, round ${round}, ${spacingMs} ms: ${describeChanges(changes)}`;
      expect(judgement.lies, told).to.deep.equal([]);
      expect(judgement.fates, told).not.to.include('lost');
      expect(changes.at(-1)?.summary.serial, told).to.equal(finals.at(-1)?.serial);
      expect(valuesOf(changes, finals), told).to.deep.equal([]);
      fates.push(...judgement.fates.map((fate) => ({ spacingMs, fate })));
      place.last = finals.at(-1) ?? place.last;
    }
    scene.expectSeen(seen);
    report(seed, fates);
    const wide = fates.filter(({ spacingMs }) => spacingMs >= WIDE_MS);
    expect(countOf(wide, 'single')).to.be.at.least(Math.floor(wide.length * 0.95));
  });

  async function openPlace(dir: string): Promise<Place> {
    const terraform = await openTerraform(dir);
    await terraform.write({ 'main.tf': spacedConfiguration });
    const [last] = (await applySpaced(terraform, 0, 0)).slice(-1);
    return { terraform, last: last ?? expect.fail('no state') };
  }

  /** Of changes that end where an apply ended: values that are not the ones it left. */
  function valuesOf(changes: ReturnType<Scene['daemon']['changes']>, finals: readonly Final[]): readonly string[] {
    return changes.flatMap((change) => {
      const final = finals.find(({ serial }) => serial === change.summary.serial);
      if (final === undefined) return [];
      const [, after] = valueOf(change, 'terraform_data.a', '/input/value');
      return after === undefined || after === final.value ? [] : [`${final.serial}: ${final.value}`];
    });
  }
});

function countOf(fates: readonly { readonly fate: Fate }[], wanted: Fate): number {
  return fates.filter(({ fate }) => fate === wanted).length;
}

function report(seed: number, fates: readonly { readonly spacingMs: number; readonly fate: Fate }[]): void {
  const all: readonly Fate[] = ['single', 'recovered', 'merged', 'split'];
  for (const [what, isIn] of [
    ['below 100 ms', (ms: number) => ms < WIDE_MS],
    ['100 ms and more', (ms: number) => ms >= WIDE_MS],
  ] as const) {
    const part = fates.filter(({ spacingMs }) => isIn(spacingMs));
    const counts = all.map((fate) => `${fate} ${countOf(part, fate)}`).join(', ');
    console.log(`    seed ${seed}, ${what}: ${part.length} applies: ${counts}`);
  }
}
