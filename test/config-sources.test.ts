// Buckets among the places to watch: their own settings, whatever the archive's are.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig, type Flags } from '../daemon/config.ts';
import { ConfigError } from '../daemon/errors.ts';

describe('config, the sources', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const home = { HOME: '/home/somebody' };
  const load = (flags: Flags, environment: NodeJS.ProcessEnv = home) => loadConfig(flags, folder, environment);
  const file = (text: string): string => {
    const path = join(folder, 'stateseal.yaml');
    writeFileSync(path, text);
    return path;
  };

  it('parts directories from buckets, and gives each bucket its own way to the store', async () => {
    const config = await load({
      roots: ['infra', 's3://states/net/'],
      archive: 's3://evidence/logs',
      s3: { endpoint: 'http://archive.example', profile: 'writer' },
      source: { endpoint: 'http://states.example' },
    });
    expect(config.roots.map(({ label }) => label)).to.deep.equal(['infra']);
    expect(config.buckets).to.deep.equal([
      {
        bucket: 'states',
        prefix: 'net',
        s3: { endpoint: 'http://states.example' },
        pollMs: 10_000,
        workspaceKeyPrefix: 'env:',
        states: [],
      },
    ]);
    expect(config.archive.s3).to.deep.equal({ endpoint: 'http://archive.example', profile: 'writer' });
  });

  it('takes the file, its settings also for a bucket named on the command line, and the environment last', async () => {
    const config = file(
      'roots: [{ path: infra }]\nsources:\n' +
        '  - { uri: "s3://states/net", profile: reader, pollSeconds: 5, workspaceKeyPrefix: ws, states: ["net/*"] }\n',
    );
    const whole = await load({ config }, { ...home, AWS_ENDPOINT_URL_S3: 'http://environment.example' });
    expect([whole.roots.length, whole.buckets[0]?.s3]).to.deep.equal([
      1,
      { endpoint: 'http://environment.example', profile: 'reader' },
    ]);
    const named = await load({ config, roots: ['s3://states/net/'] });
    expect([named.roots, named.buckets[0]?.pollMs, named.buckets[0]?.s3.profile]).to.deep.equal([[], 5000, 'reader']);
  });

  it('repeats nothing of an address that is none: it may hold credentials', async () => {
    for (const uri of ['s3://AKIA:hunter2@states/x', 's3://states/x?X-Amz-Signature=hunter2', 's3:states', 's3://S']) {
      const error: unknown = await load({ roots: [uri] }).catch((reason: unknown) => reason);
      expect(error, uri).to.be.instanceOf(ConfigError).with.property('code', 'source-uri-invalid');
      expect((error as ConfigError).message).not.to.include('hunter2');
    }
  });
});
