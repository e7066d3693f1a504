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

  it('names every other remote place by what its backend calls it, workspace included', async () => {
    const of = async (type: string, config: object, workspace: string, address = ''): Promise<string> => {
      const text = JSON.stringify({ version: 3, backend: { type, config, hash: 1 } });
      writeFileSync(join(folder, '.terraform', 'terraform.tfstate'), text);
      return (await readBackend(folder, { TF_WORKSPACE: workspace }, [], address)).reference;
    };
    const azure = {
      storage_account_name: 'acme',
      container_name: 'tf',
      key: 'prod/a.tfstate',
      access_key: 'SECRETKEY',
    };
    const cases: readonly (readonly [type: string, config: object, byDefault: string, blue: string])[] = [
      ['gcs', { bucket: 'b', prefix: '/net/' }, 'gs://b/net/default.tfstate', 'gs://b/net/blue.tfstate'],
      ['gcs', { bucket: 'b' }, 'gs://b/default.tfstate', 'gs://b/blue.tfstate'],
      ['azurerm', azure, 'azurerm://acme/tf/prod/a.tfstate', 'azurerm://acme/tf/prod/a.tfstateenv:blue'],
      ['consul', { address: 'c:8500', path: 'tf/a' }, 'consul://c:8500/tf/a', 'consul://c:8500/tf/a-env:blue'],
      [
        'pg',
        { conn_str: 'postgres://u:SECRETKEY@db:5432/states?sslmode=off', schema_name: 'net' },
        'pg://db:5432/states/net/default',
        'pg://db:5432/states/net/blue',
      ],
      [
        'remote',
        { organization: 'acme', token: 'SECRETKEY', workspaces: [{ name: null, prefix: 'net-' }] },
        'remote://app.terraform.io/acme/net-default',
        'remote://app.terraform.io/acme/net-blue',
      ],
      [
        'cloud',
        { hostname: 'tfe.acme.example', organization: 'acme', workspaces: { name: 'net', tags: null } },
        'cloud://tfe.acme.example/acme/net',
        'cloud://tfe.acme.example/acme/net',
      ],
      [
        'kubernetes',
        { secret_suffix: 'net' },
        'kubernetes://default/tfstate-default-net',
        'kubernetes://default/tfstate-blue-net',
      ],
      [
        'http',
        { address: 'https://u:SECRETKEY@h.example/s/a%20b?t=SECRETKEY#x' },
        'https://h.example/s/a%20b',
        'https://h.example/s/a%20b',
      ],
      // A part is missing, is no place, or is a type without a form.
      ['gcs', {}, '', ''],
      ['azurerm', { ...azure, key: '' }, '', ''],
      ['pg', { conn_str: 'host=db password=SECRETKEY' }, '', ''],
      ['http', { address: 'https://h.example/p@ss' }, '', ''],
      ['http', { address: 'ftp://h.example/s' }, '', ''],
      ['etcdv3', { prefix: 'x' }, '', ''],
    ];
    for (const [type, config, byDefault, blue] of cases) {
      expect([await of(type, config, 'default'), await of(type, config, 'blue')], type).to.deep.equal([
        byDefault,
        blue,
      ]);
    }
    const settings = {
      KUBE_NAMESPACE: 'ops',
      PG_SCHEMA_NAME: 'net',
      TF_CLOUD_ORGANIZATION: 'acme',
      TF_CLOUD_HOSTNAME: 'tfe.example',
    };
    const told = async (type: string, config: object): Promise<string> => {
      const text = JSON.stringify({ version: 3, backend: { type, config, hash: 1 } });
      writeFileSync(join(folder, '.terraform', 'terraform.tfstate'), text);
      return (await readBackend(folder, settings, [], '')).reference;
    };
    expect(await told('kubernetes', { secret_suffix: 'a' })).to.equal('kubernetes://ops/tfstate-default-a');
    expect(await told('pg', { conn_str: 'postgres://db/s' })).to.equal('pg://db/s/net/default');
    expect(await told('cloud', { workspaces: { name: 'a' } })).to.equal('cloud://tfe.example/acme/a');
    // The environment's word comes before the file's, as it does for Terraform.
    const address = 'https://gitlab.example/api/v4/projects/7/terraform/state/prod?private_token=SECRETKEY';
    expect(await of('http', { address: 'https://other.example/' }, 'default', address)).to.equal(
      'https://gitlab.example/api/v4/projects/7/terraform/state/prod',
    );
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
