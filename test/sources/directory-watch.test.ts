import { expect } from 'chai';
import { mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { LockTable } from '../../daemon/sources/proc-locks.ts';
import type { StateReference, StateSighting, StateSource } from '../../daemon/sources/source.ts';
import { listOf, LocalTree, lockText, referenceTo, stateText, textOf, until } from './local-tree.ts';

const state = referenceTo('terraform.tfstate');
const lockName = '.terraform.tfstate.lock.info';
const neverMs = 600_000;

/** Looks on every poke, as a recorder does, and keeps what it saw. */
function follow(source: StateSource): { readonly serials: number[]; readonly sightings: StateSighting[] } {
  const seen = { serials: new Array<number>(), sightings: new Array<StateSighting>() };
  const cursors = new Map<string, string>();
  const lookAt = async (reference: StateReference): Promise<void> => {
    const sighting = await source.look(reference, cursors.get(reference.uri) ?? '');
    seen.sightings.push(sighting);
    if (sighting.condition !== 'state' || sighting.bytes.length === 0) return;
    cursors.set(reference.uri, sighting.sourceVersion);
    seen.serials.push((JSON.parse(textOf(sighting.bytes)) as { serial: number }).serial);
  };
  source.onPoke((uri) => {
    const asked = uri === '' ? source.discover().then((all) => all.map((one) => one.reference)) : undefined;
    const looks = asked ?? Promise.resolve([{ uri, workspace: 'default' }]);
    void looks.then((references) => Promise.all(references.map(lookAt))).catch(() => undefined);
  });
  return seen;
}

/** Watches this process holds, as the kernel lists them (proc(5), fdinfo). */
function systemWatches(): number {
  const texts = readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      return ''; // The descriptor of the listing itself is closed by now.
    }
  });
  return texts.join('').split('inotify wd:').length - 1;
}

describe('sources/directory: watch', () => {
  let tree: LocalTree;
  beforeEach(() => {
    tree = new LocalTree();
  });
  afterEach(async () => {
    await tree.close();
  });

  it('sees a write by its event', async () => {
    tree.write('a/terraform.tfstate', stateText(1));
    const source = tree.open({ pollMs: neverMs });
    const seen = follow(source);
    await source.start();
    for (const serial of [2, 3, 4]) {
      tree.write('a/terraform.tfstate', stateText(serial));
      await until(`serial ${serial}`, () => seen.serials.includes(serial));
    }
  });

  it('pokes again after a version it read, and then rests', async () => {
    tree.write('terraform.tfstate', stateText(1));
    const source = tree.open({ pollMs: neverMs });
    await source.start();
    let pokes = 0;
    source.onPoke(() => (pokes += 1));
    const { sourceVersion } = await source.look(state, '');
    await until('a second poke', () => pokes === 1);
    await source.look(state, sourceVersion);
    for (let n = 0; n < 50; n += 1) await turn();
    expect(pokes).to.equal(1);
  });

  it('finds by its slow poll what no event told', async () => {
    tree.write('a/b/terraform.tfstate', stateText(1));
    const source = tree.open({ pollMs: 20, maxWatches: 1 });
    const seen = follow(source);
    await source.start();
    expect(source.problems().map(({ code }) => code)).to.deep.equal(['watch-budget-exceeded']);
    const reference = referenceTo('a/b/terraform.tfstate');
    await source.look(reference, '');
    tree.write('a/b/terraform.tfstate', stateText(2));
    await until('serial 2', () => seen.serials.includes(2));
    tree.write(`a/b/${lockName}`, lockText('x'));
    await until('the lock', () => seen.sightings.at(-1)?.lock?.info?.id === 'x');
    expect((await source.look(reference, '')).lockHoldsSince).to.equal(-1);
  });

  it('spends its budget of watches on directories with states first', async () => {
    for (let index = 0; index < 40; index += 1) mkdirSync(tree.path(`aa${index}`));
    tree.write('zz/deep/terraform.tfstate', stateText(1));
    const source = tree.open({ pollMs: neverMs, maxWatches: 5 });
    const seen = follow(source);
    await source.start();
    tree.write('zz/deep/terraform.tfstate', stateText(2));
    await until('serial 2', () => seen.serials.includes(2));
    expect(source.problems()[0]?.message).to.match(/at most 5 directories to watch, got 43/);
    if (process.platform === 'linux') expect(systemWatches()).to.equal(5);
  });

  it('picks up new projects, workspaces and names', async () => {
    const source = tree.open({ pollMs: neverMs });
    const seen = follow(source);
    await source.start();
    tree.write('terraform.tfstate', stateText(1));
    await until('serial 1', () => seen.serials.includes(1));
    tree.write('new/project/deep/terraform.tfstate', stateText(2));
    await until('serial 2', () => seen.serials.includes(2));
    tree.write('terraform.tfstate.d/blue/terraform.tfstate', stateText(3));
    await until('serial 3', () => seen.serials.includes(3));
    expect(listOf(await source.discover())).to.have.lengthOf(3);
  });

  it('sees files it was given by name, and their neighbours not', async () => {
    tree.write('states/prod.json', stateText(1));
    tree.write('states/other.json', stateText(1));
    tree.write('states/sub/terraform.tfstate', stateText(1));
    const source = tree.open({ roots: [{ label: 'prod', path: tree.path('states/prod.json') }], pollMs: neverMs });
    const pokes: string[] = [];
    source.onPoke((uri) => pokes.push(uri));
    await source.start();
    tree.write('states/other.json', stateText(2));
    tree.write('states/sub/terraform.tfstate', stateText(2));
    tree.write('states/prod.json', stateText(2));
    await until('a poke', () => pokes.length > 0);
    expect(new Set(pokes)).to.deep.equal(new Set(['dir:prod/prod.json']));
  });

  it('goes on after its root was removed and made again', async () => {
    tree.write('root/a/terraform.tfstate', stateText(1));
    const source = tree.open({ roots: [{ label: 'infra', path: tree.path('root') }], pollMs: neverMs });
    const seen = follow(source);
    await source.start();
    rmSync(tree.path('root'), { recursive: true });
    await until('nothing there', async () => (await source.discover()).length === 0);
    tree.write('root/a/terraform.tfstate', stateText(5));
    await until('serial 5', () => seen.serials.includes(5));
    tree.write('root/a/terraform.tfstate', stateText(6));
    await until('serial 6', () => seen.serials.includes(6));
  });

  it('says nothing after it closed, and leaves nothing open', async () => {
    tree.write('terraform.tfstate', stateText(1));
    const source = tree.open({ pollMs: 5, rediscoverMs: 5 });
    let pokes = 0;
    source.onPoke(() => (pokes += 1));
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'FSEventWrap').length;
    await source.start();
    await source.look(state, '');
    await source.close();
    pokes = 0;
    tree.write('terraform.tfstate', stateText(2));
    for (let n = 0; n < 50; n += 1) await turn();
    expect(pokes).to.equal(0);
    const after = process.getActiveResourcesInfo().filter((kind) => kind === 'FSEventWrap').length;
    expect(after).to.equal(before);
  });

  it('can be closed while it starts', async () => {
    for (let index = 0; index < 50; index += 1) tree.write(`d${index}/terraform.tfstate`, stateText(1));
    const source = tree.open();
    const starting = source.start();
    await source.close();
    await starting;
  });

  describe('locks', () => {
    before(function () {
      if (process.platform !== 'linux') this.skip();
    });

    async function started(table?: LockTable): Promise<StateSource> {
      tree.write('terraform.tfstate', stateText(1));
      const source = tree.open({ pollMs: neverMs, ...(table === undefined ? {} : { lockTable: table }) });
      await source.start();
      expect((await source.look(state, '')).lockHoldsSince).to.equal(-1);
      return source;
    }

    function run(id: string): void {
      writeFileSync(tree.path(lockName), lockText(id));
      unlinkSync(tree.path(lockName));
    }

    it('counts runs nobody saw, however fast', async () => {
      const source = await started();
      expect((await source.look(state, '')).lockHoldsSince).to.equal(0);
      for (let n = 0; n < 50; n += 1) run(`${n}`);
      expect((await source.look(state, '')).lockHoldsSince).to.equal(50);
      writeFileSync(tree.path(lockName), lockText('open'));
      expect(await source.look(state, '')).to.have.property('lockHoldsSince', 1);
      expect(await source.look(state, '')).to.have.property('lockHoldsSince', 0);
      unlinkSync(tree.path(lockName));
      run('more');
      expect((await source.look(state, '')).lockHoldsSince).to.equal(1);
    });

    it('counts beside two roots in one directory only once', async () => {
      tree.write('terraform.tfstate', stateText(1));
      const roots = [
        { label: 'infra', path: tree.dir },
        { label: 'file', path: tree.path('terraform.tfstate') },
        { label: 'other', path: tree.path('prod.json'), kind: 'file' as const },
      ];
      const source = tree.open({ roots, pollMs: neverMs });
      await source.start();
      const reference = referenceTo('terraform.tfstate', 'file');
      await source.look(reference, '');
      for (let n = 0; n < 10; n += 1) run(`${n}`);
      expect((await source.look(reference, '')).lockHoldsSince).to.equal(10);
    });

    it('keeps the claims of a lock that is gone by the time of the look', async () => {
      const source = await started();
      writeFileSync(tree.path(lockName), lockText('fast'));
      // What a run of some milliseconds leaves: the loop turns, nobody looks.
      for (let n = 0; n < 2_000; n += 1) await turn();
      unlinkSync(tree.path(lockName));
      const sighting = await source.look(state, '');
      expect(sighting.lock).to.equal(undefined);
      expect(sighting.lastLock?.info?.id).to.equal('fast');
      expect(sighting.lockHoldsSince).to.equal(1);
      expect((await source.look(state, '')).lastLock).to.equal(undefined);
    });

    it('does not count past a lock that another run wrote over', async () => {
      const source = await started();
      writeFileSync(tree.path(lockName), lockText('killed'));
      expect((await source.look(state, '')).lockHoldsSince).to.equal(1);
      writeFileSync(tree.path(lockName), lockText('next'));
      unlinkSync(tree.path(lockName));
      expect((await source.look(state, '')).lockHoldsSince).to.equal(-1);
      run('after');
      expect((await source.look(state, '')).lockHoldsSince).to.equal(1);
    });

    it('pokes when a lock comes and when it goes', async () => {
      const source = await started();
      const seen = follow(source);
      writeFileSync(tree.path(lockName), lockText('a'));
      await until('the lock', () => seen.sightings.at(-1)?.lock?.info?.id === 'a');
      unlinkSync(tree.path(lockName));
      await until('its end', () => seen.sightings.length > 1 && seen.sightings.at(-1)?.lock === undefined);
    });

    it('notices by its slow poll that a holder died', async () => {
      let holder: 'held' | 'stale' = 'held';
      const table: LockTable = { holderOf: () => Promise.resolve({ holder, pid: 1 }) };
      tree.write('terraform.tfstate', stateText(1));
      tree.write(lockName, lockText('a'));
      const source = tree.open({ pollMs: 10, lockTable: table });
      await source.start();
      const seen = follow(source);
      expect((await source.look(state, '')).lock?.holder).to.equal('held');
      holder = 'stale';
      await until('a stale lock', () => seen.sightings.at(-1)?.lock?.holder === 'stale');
    });

    it('is not sure of locks in a directory that was made anew', async () => {
      tree.write('a/terraform.tfstate', stateText(1));
      const source = await started();
      const reference = referenceTo('a/terraform.tfstate');
      await source.look(reference, '');
      expect((await source.look(reference, '')).lockHoldsSince).to.equal(0);
      rmSync(tree.path('a'), { recursive: true });
      tree.write('a/terraform.tfstate', stateText(2));
      writeFileSync(tree.path(`a/${lockName}`), lockText('unheard'));
      unlinkSync(tree.path(`a/${lockName}`));
      expect((await source.look(reference, '')).lockHoldsSince).to.equal(-1);
      await until('a count again', async () => (await source.look(reference, '')).lockHoldsSince === 0);
    });
  });
});
