import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../daemon/config.ts';

describe('config, how to reach an S3 store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const environment = {
    HOME: '/home/somebody',
    AWS_ENDPOINT_URL: 'http://any.example',
    AWS_ENDPOINT_URL_S3: 'http://environment.example',
    AWS_REGION: 'from-environment',
  };
  const file = (text: string): string => {
    const path = join(folder, 'stateseal.yaml');
    writeFileSync(path, text);
    return path;
  };

  it('takes endpoint and region from the environment that the SDK reads', async () => {
    const { archive } = await loadConfig({}, folder, environment);
    expect(archive.s3).to.deep.equal({ endpoint: 'http://environment.example', region: 'from-environment' });
    const general = { ...environment, AWS_ENDPOINT_URL_S3: '' };
    expect((await loadConfig({}, folder, general)).archive.s3.endpoint).to.equal('http://any.example');
    const empty = { HOME: '/home/somebody', AWS_ENDPOINT_URL_S3: '', AWS_REGION: '' };
    expect((await loadConfig({}, folder, empty)).archive.s3).to.deep.equal({});
  });

  it('lets the file win over the environment, and flags over both', async () => {
    const config = file(
      'archive: { location: s3://bucket/logs, endpoint: http://file.example, region: r1, forcePathStyle: false }\n',
    );
    const fromFile = (await loadConfig({ config }, folder, environment)).archive;
    expect(fromFile.s3).to.deep.equal({ endpoint: 'http://file.example', region: 'r1', forcePathStyle: false });
    expect(fromFile.location).to.deep.equal({ kind: 's3', bucket: 'bucket', prefix: 'logs' });
    const s3 = { endpoint: 'http://flag.example', profile: 'auditor' };
    const { archive } = await loadConfig({ config, s3 }, folder, environment);
    expect(archive.s3).to.deep.equal({ ...s3, region: 'r1', forcePathStyle: false });
  });
});
