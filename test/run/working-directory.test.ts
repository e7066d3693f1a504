// Backend, workspace and state of a working directory: from named members of the pointer alone.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readBackend } from '../../daemon/run/working-directory.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/terraform/backendconfig/${name}.terraform.tfstate`, import.meta.url));

describe('the working directory of a run', () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'stateseal-dir-')));
    mkdirSync(join(folder, '.terraform'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const pointer = (name: string): void => copyFileSync(fixture(name), join(folder, '.terraform', 'terraform.tfstate'));

  it('names a bucket by its canonical form, of the workspace that counts', async () => {
    pointer('s3');
    const backend = await readBackend(folder, {}, ['terraform', 'apply']);
    expect(backend).to.deep.equal({
      type: 's3',
      workspace: 'default',
      reference: 's3://tfb/env/prod.tfstate',
      statePath: '',
    });
    writeFileSync(join(folder, '.terraform', 'environment'), 'blue\n');
    expect((await readBackend(folder, {}, [])).reference).to.equal('s3://tfb/env:/blue/env/prod.tfstate');
    expect((await readBackend(folder, { TF_WORKSPACE: 'green' }, [])).reference).to.contain('/green/');
    const moved = join(folder, 'elsewhere');
    mkdirSync(moved);
    writeFileSync(
      join(moved, 'terraform.tfstate'),
      JSON.stringify({
        version: 3,
        backend: { type: 's3', config: { bucket: 'b', key: 'k 1/ü', workspace_key_prefix: 'ws' } },
      }),
    );
    const environment = { TF_DATA_DIR: 'elsewhere', TF_WORKSPACE: 'x' };
    expect((await readBackend(folder, environment, [])).reference).to.equal('s3://b/ws/x/k%201/%C3%BC');
  });

  it('keeps secrets of the pointer to itself', async () => {
    for (const name of ['s3', 'http', 'local']) {
      pointer(name);
      expect(JSON.stringify(await readBackend(folder, {}, [])), name).not.to.match(/SECRETKEY|AKIA|password|user/u);
    }
  });

  it('names a local state by its real path', async () => {
    const of = async (argv: readonly string[], environment = {}): Promise<string> =>
      (await readBackend(folder, environment, argv)).statePath;
    expect(await of(['terraform', 'apply'])).to.equal(join(folder, 'terraform.tfstate'));
    expect(await of(['terraform', 'apply', '-state=other.tfstate'])).to.equal(join(folder, 'other.tfstate'));
    expect(await of(['terraform', 'apply', '-state', 'a', '-state-out', 'b'])).to.equal(join(folder, 'b'));
    mkdirSync(join(folder, 'terraform.tfstate.d', 'blue'), { recursive: true });
    expect(await of(['terraform'], { TF_WORKSPACE: 'blue' })).to.equal(
      join(folder, 'terraform.tfstate.d', 'blue', 'terraform.tfstate'),
    );
    expect((await readBackend(join(folder, 'gone', 'far'), {}, [])).type).to.equal('');
  });
});
