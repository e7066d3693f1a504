import { expect } from 'chai';
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { listOf, LocalTree, referenceTo, stateText, until } from './local-tree.ts';

const s3Pointer = JSON.stringify({
  version: 3,
  terraform_version: '1.11.4',
  backend: { type: 's3', config: { bucket: 'states', key: 'app.tfstate', secret_key: 'hunter2' }, hash: 1 },
});

describe('sources/discover', () => {
  let tree: LocalTree;
  beforeEach(() => {
    tree = new LocalTree();
  });
  afterEach(async () => {
    await tree.close();
  });

  it('lists states at any depth, workspaces and names, in order', async () => {
    const paths = ['a/b/c/terraform.tfstate', 'dns/terraform.tfstate.d/staging/terraform.tfstate', 'x/prod.tfstate'];
    for (const path of [...paths, 'terraform.tfstate']) tree.write(path, stateText(1));
    tree.write('a/terraform.tfstate.backup', '{}');
    tree.write('a/main.tf', '');
    tree.write('a/.terraform.tfstate.lock.info', '{}');
    const states = await tree.open().discover();
    expect(listOf(states)).to.deep.equal([...paths.slice(0, 2), 'terraform.tfstate', paths[2]]);
    expect(states.every(({ isWatched }) => isWatched)).to.equal(true);
    expect(states[1]?.nameCandidates[0]).to.equal('dns@staging');
  });

  it('names what it does not watch, with the reason', async () => {
    tree.write('app/.terraform/terraform.tfstate', s3Pointer);
    tree.write('app/errored.tfstate', stateText(1));
    tree.write('old/terraform.tfstate', stateText(1));
    tree.write('old/torn/.terraform/terraform.tfstate', 'x');
    const states = await tree.open({ ignore: ['old/*.tfstate'] }).discover();
    const list = listOf(states).join('\n');
    expect(list).to.match(/^app\/\.terraform\/terraform\.tfstate \(.*s3:\/\/states\/app\.tfstate.*\)$/m);
    expect(list).to.match(/^app\/errored\.tfstate \(left by/m);
    expect(list).to.match(/^old\/terraform\.tfstate \(ignored\)$/m);
    expect(list).to.match(/^old\/torn\/\.terraform\/terraform\.tfstate \(a backend pointer/m);
    expect(list).not.to.include('hunter2');
    expect(states.some(({ isWatched }) => isWatched)).to.equal(false);
  });

  it('never lets a backend pointer be read as a state', async () => {
    tree.write('app/.terraform/terraform.tfstate', s3Pointer);
    let code = '';
    await tree
      .open()
      .look(referenceTo('app/.terraform/terraform.tfstate'), '')
      .catch((error: unknown) => {
        code = error instanceof Error && 'code' in error ? String(error.code) : '';
      });
    expect(code).to.equal('reference-unknown');
  });

  it('enters neither links nor what is ignored', async () => {
    for (const path of ['.git/x', 'node_modules/x', '.terraform/modules/x', 'skip/x', 'keep/x']) {
      tree.write(`${path}/terraform.tfstate`, stateText(1));
    }
    symlinkSync(tree.path('keep'), tree.path('link'));
    symlinkSync('/', tree.path('away'));
    expect(listOf(await tree.open({ ignore: ['skip'] }).discover())).to.deep.equal(['keep/x/terraform.tfstate']);
  });

  it('takes files by any name, and roots that are links', async () => {
    tree.write('real/states/prod.json', stateText(1));
    symlinkSync(tree.path('real'), tree.path('alias'));
    const roots = [
      { label: 'infra', path: tree.path('alias') },
      { label: 'prod', path: tree.path('alias/states/prod.json') },
      { label: 'next', path: tree.path('real/states/next.json'), kind: 'file' as const },
    ];
    const source = tree.open({ roots });
    const uris = (await source.discover()).map(({ reference }) => reference.uri);
    expect(uris).to.deep.equal(['dir:next/next.json', 'dir:prod/prod.json']);
    expect((await source.look(referenceTo('prod.json', 'prod'), '')).condition).to.equal('state');
    expect((await source.look(referenceTo('next.json', 'next'), '')).condition).to.equal('absent');
  });

  it('gives a state of two roots to the deeper one', async () => {
    tree.write('a/b/terraform.tfstate', stateText(1));
    tree.write('a/terraform.tfstate', stateText(1));
    const roots = ['a', 'a/b', 'a'].map((path, index) => ({ label: `r${index}`, path: tree.path(path) }));
    const uris = (await tree.open({ roots }).discover()).map(({ reference }) => reference.uri);
    expect(uris).to.deep.equal(['dir:r0/terraform.tfstate', 'dir:r1/terraform.tfstate']);
  });

  it('refuses labels that do not tell roots apart', () => {
    const roots = [tree.path('a'), tree.path('b')].map((path) => ({ label: 'x', path }));
    expect(() => tree.open({ roots })).to.throw('label of its own');
  });

  it('stops at the limit of names, and says so', async () => {
    for (let index = 0; index < 30; index += 1) tree.write(`d${index}/terraform.tfstate`, stateText(1));
    const source = tree.open({ maxEntries: 40 });
    const states = await source.discover();
    expect(states.length).to.be.within(1, 29);
    expect(source.problems().map(({ code }) => code)).to.deep.equal(['scan-truncated']);
  });

  it('waits for a root that is not there yet', async () => {
    const roots = [{ label: 'infra', path: tree.path('later/infra') }];
    const source = tree.open({ roots, pollMs: 10 });
    const pokes: string[] = [];
    source.onPoke((uri) => pokes.push(uri));
    await source.start();
    expect(await source.discover()).to.deep.equal([]);
    expect(source.problems().map(({ code }) => code)).to.deep.equal(['root-missing']);
    expect((await source.look(referenceTo('terraform.tfstate'), '')).condition).to.equal('unreadable');
    tree.write('later/infra/terraform.tfstate', stateText(1));
    await until('a poke to discover', () => pokes.includes(''));
    expect(listOf(await source.discover())).to.deep.equal(['terraform.tfstate']);
    expect(source.problems()).to.deep.equal([]);
    pokes.length = 0;
    tree.write('later/infra/terraform.tfstate', stateText(22));
    await until('a poke for the state', () => pokes.includes('dir:infra/terraform.tfstate'));
  });

  it('lists again what moved, came and went', async () => {
    tree.write('a/terraform.tfstate', stateText(1));
    const source = tree.open({ pollMs: 60_000 });
    await source.start();
    renameSync(tree.path('a'), tree.path('b'));
    mkdirSync(tree.path('deep/deeper'), { recursive: true });
    tree.write('deep/deeper/new.tfstate', stateText(1));
    const expected = ['b/terraform.tfstate', 'deep/deeper/new.tfstate'];
    await until('both', async () => listOf(await source.discover()).join() === expected.join());
    rmSync(tree.path('deep'), { recursive: true });
    await until('one', async () => listOf(await source.discover()).join() === 'b/terraform.tfstate');
  });
});
