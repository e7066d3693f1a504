// Plan files in watched directories: found by name, read whole, handed on once per version, whatever else lies there.
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDirectorySource } from '../../daemon/sources/directory.ts';
import { isPlanName } from '../../daemon/sources/layout.ts';
import type { PlanSighting, StateSource } from '../../daemon/sources/source.ts';
import { readFixture } from '../terraform/fixtures.ts';

const PLAN = readFixture('plans/create-from-empty.tfplan');
const OTHER = readFixture('plans/errored.tfplan');

describe('plan files', () => {
  let root: string;
  let source: StateSource;
  let seen: PlanSighting[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stateseal-plans-'));
    seen = [];
    source = openDirectorySource({ roots: [{ label: 'infra', path: root }], ignore: ['vendor'] });
    source.onPlan?.((sighting) => {
      seen.push(sighting);
      return Promise.resolve();
    });
  });
  afterEach(async () => {
    await source.close();
    rmSync(root, { recursive: true });
  });

  const until = async (isTrue: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 2_000 && !isTrue(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isTrue(), `expected a plan, saw ${seen.map(({ reference }) => reference).join(' ')}`).to.equal(true);
  };

  it('have the names people and platforms give them', () => {
    for (const name of [
      'tfplan',
      'plan',
      'plan.out',
      'prod.tfplan',
      'net-default.tfplan',
      'tfplan.json',
      'my_plan.bin',
      'PLAN.OUT',
    ]) {
      expect(isPlanName(name), name).to.equal(true);
    }
    for (const name of [
      'planner.tf',
      'plan.tf',
      'plan.md',
      'main.tf',
      'explanation',
      'terraform.tfstate',
      'plan.txt',
    ]) {
      expect(isPlanName(name), name).to.equal(false);
    }
  });

  it('that lie there at the start are found, but not what is ignored, linked, or only called so', async () => {
    mkdirSync(join(root, 'net/vendor'), { recursive: true });
    writeFileSync(join(root, 'net/tfplan'), PLAN);
    writeFileSync(join(root, 'net/vendor/tfplan'), OTHER);
    symlinkSync(join(root, 'net/tfplan'), join(root, 'net/plan'));
    writeFileSync(join(root, 'net/plan.out'), 'Plan: 2 to add');
    writeFileSync(join(root, 'net/plan.json'), '{"a": 1');
    await source.start();
    await until(() => seen.some(({ content }) => content?.kind === 'saved'));
    const saved = seen.filter(({ content }) => content?.kind === 'saved');
    expect(saved.map(({ reference }) => reference)).to.deep.equal(['dir:infra/net/tfplan']);
    expect(saved[0]).to.include({ timeBasis: 'mtime', problem: undefined, ownerUid: process.getuid?.() });
  });

  it('are heard as they are written, and waited for until they are whole', async () => {
    await source.start();
    const path = join(root, 'tfplan');
    writeFileSync(path, PLAN.subarray(0, 700));
    await new Promise((resolve) => setTimeout(resolve, 120));
    appendFileSync(path, PLAN.subarray(700));
    await until(() => seen.some(({ content }) => content !== undefined));
    const whole = seen.filter(({ content }) => content !== undefined);
    expect(whole.map(({ bytes }) => Buffer.from(bytes).equals(PLAN))).to.deep.equal([true]);
  });

  it('of the same name, one after the other, are all handed on', async () => {
    await source.start();
    writeFileSync(join(root, 'tfplan'), PLAN);
    await until(() => seen.length === 1);
    writeFileSync(join(root, 'next'), OTHER);
    renameSync(join(root, 'next'), join(root, 'tfplan'));
    await until(() => seen.length === 2);
    expect(seen.map(({ bytes }) => bytes.length)).to.deep.equal([PLAN.length, OTHER.length]);
  });

  it('that could not be recorded are found again', async () => {
    let failures = 1;
    source.onPlan?.((sighting) => {
      failures -= 1;
      if (failures >= 0) return Promise.reject(new Error('full'));
      seen.push(sighting);
      return Promise.resolve();
    });
    writeFileSync(join(root, 'tfplan'), PLAN);
    await source.discover();
    await source.discover();
    await until(() => failures < 1);
    for (let turn = 0; turn < 100 && seen.length === 0; turn += 1) await source.discover();
    expect(seen).to.have.length(1);
  });
});
