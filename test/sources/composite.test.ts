// Several sources behind one port: who is asked for which reference, and what one failing source does to the others.
import { expect } from 'chai';
import { ConfigError } from '../../daemon/errors.ts';
import { openCompositeSource } from '../../daemon/sources/composite.ts';
import { unreachableSighting } from '../../daemon/sources/look.ts';
import type { DiscoveredState, StateSource } from '../../daemon/sources/source.ts';

interface Fake extends StateSource {
  readonly asked: string[];
  poke(uri: string): void;
}

function fake(name: string, prefix: string, uris: readonly string[], isWatched = true): Fake {
  const listeners: ((uri: string) => void)[] = [];
  const asked: string[] = [];
  const toState = (uri: string): DiscoveredState => ({
    reference: { uri, workspace: 'default' },
    displayPath: uri,
    nameCandidates: [uri],
    isWatched,
    reason: isWatched ? '' : 'not mine',
  });
  return {
    asked,
    poke: (uri) => listeners.forEach((listener) => listener(uri)),
    owns: (uri) => uri.startsWith(prefix),
    nameOf: () => name,
    discover: () => Promise.resolve(uris.map(toState)),
    look(reference) {
      asked.push(reference.uri);
      return Promise.resolve(unreachableSighting(reference));
    },
    onPoke: (listener) => void listeners.push(listener),
    start: () => Promise.resolve(),
    problems: () => [{ code: `${name}-problem`, message: name }],
    close: () => Promise.resolve(asked.push('closed')).then(() => undefined),
  };
}

describe('the composite source', () => {
  it('asks the owner of a reference, and names it', async () => {
    const directory = fake('directory', 'dir:', ['dir:infra/terraform.tfstate']);
    const bucket = fake('bucket', 's3://', ['s3://states/app.tfstate']);
    const source = openCompositeSource([directory, bucket]);
    const found = await source.discover();
    expect(found.map(({ reference }) => source.nameOf(reference.uri))).to.deep.equal(['directory', 'bucket']);
    await source.look({ uri: 's3://states/app.tfstate', workspace: 'default' }, '');
    expect([directory.asked, bucket.asked]).to.deep.equal([[], ['s3://states/app.tfstate']]);
    expect(source.problems().map(({ code }) => code)).to.deep.equal(['directory-problem', 'bucket-problem']);
  });

  it('hears every source, and closes every source also when one fails', async () => {
    const [first, second] = [fake('directory', 'dir:', []), fake('bucket', 's3://', [])];
    const failing = { ...first, close: () => Promise.reject(new Error('busy')) };
    const source = openCompositeSource([failing, second]);
    const heard: string[] = [];
    source.onPoke((uri) => heard.push(uri));
    first.poke('dir:a');
    second.poke('');
    expect(heard).to.deep.equal(['dir:a', '']);
    const error = await source.close().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(Error);
    expect(second.asked).to.deep.equal(['closed']);
  });

  it('knows no reference that nobody owns, by a rejection', async () => {
    const source = openCompositeSource([fake('directory', 'dir:', [])]);
    const error: unknown = await source.look({ uri: 's3://gone/x', workspace: 'default' }, '').catch((e: unknown) => e);
    expect(error).to.be.instanceOf(ConfigError).with.property('code', 'reference-unknown');
  });

  it('watches a state once that two sources see', async () => {
    const uri = 's3://states/net/app.tfstate';
    const source = openCompositeSource([fake('outer', 's3://', [uri], false), fake('inner', 's3://', [uri])]);
    const found = await source.discover();
    expect(found.map(({ isWatched }) => isWatched)).to.deep.equal([true]);
  });
});
