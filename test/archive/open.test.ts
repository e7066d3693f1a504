// The adapter is picked by the location, and the S3 SDK is loaded by nobody who does not use it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openArchive } from '../../daemon/archive/open.ts';

const script = `
import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
const { openArchive } = await import(process.argv[1]);
const archive = await openArchive({ kind: 'directory', path: process.argv[2] });
await archive.versions('a');
await openArchive({ kind: 's3', bucket: 'evidence', prefix: '' });
console.log(JSON.stringify(loaded));
`;

describe('open archive', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-archive-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('picks the adapter', async () => {
    const directory = await openArchive({ kind: 'directory', path: folder });
    expect(directory).to.include({ location: folder, isWriteOnce: false });
    const s3 = await openArchive({ kind: 's3', bucket: 'evidence', prefix: 'hub-1' });
    expect(s3).to.include({ location: 's3://evidence/hub-1', isWriteOnce: true });
  });

  it('loads no S3 SDK for a directory, nor before the first call', async () => {
    const module = new URL('../../daemon/archive/open.ts', import.meta.url).href;
    const args = ['--input-type=module', '-e', script, module, folder];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const loaded = JSON.parse(stdout) as readonly string[];
    expect(loaded.some((url) => url.endsWith('/archive/s3.ts'))).to.equal(true);
    expect(loaded.filter((url) => url.includes('@aws-sdk'))).to.deep.equal([]);
  });
});
