// Where credentials come from, through the SDK's own chain: a host role is found, named and refused; others are taken.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { toOrigin } from '../../daemon/s3/s3-credentials.ts';
import { runStateseal, type Finished } from '../support/stateseal-process.ts';
import { startS3Stub, type S3Stub } from './s3-stub.ts';

const vkey = 'hub-1/aaaaaaaaaaaaa+105c8bd0+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c';
const keys = { AccessKeyId: 'ASIACANARY', SecretAccessKey: 'sk-CANARY', Token: 'st-CANARY' };

describe('credentials of the archive', function () {
  this.timeout(30_000);
  let folder: string;
  let stub: S3Stub;
  let metadata: Server;
  let metadataUrl: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-credentials-'));
    stub = await startS3Stub();
    metadata = createServer((request, response) => response.end(metadataAnswer(request.url ?? '')));
    metadata.listen(0, '127.0.0.1');
    await once(metadata, 'listening');
    const address = metadata.address();
    metadataUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  after(async () => {
    metadata.closeAllConnections();
    metadata.close();
    await stub.close();
    rmSync(folder, { recursive: true });
  });

  const verify = (env: Readonly<Record<string, string>>, settings = ''): Promise<Finished> => {
    const config = join(folder, 'stateseal.yaml');
    writeFileSync(config, `archive: { location: s3://evidence/hub-1, endpoint: "${stub.endpoint}"${settings} }\n`);
    const clean = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_PROFILE: '', AWS_SESSION_TOKEN: '' };
    const files = { AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_CONFIG_FILE: '/dev/null' };
    return runStateseal(['verify', 's3://evidence/hub-1', '--key', vkeyFile(folder), '--config', config], {
      env: { ...clean, ...files, AWS_EC2_METADATA_SERVICE_ENDPOINT: metadataUrl, ...env },
    });
  };

  it('refuses the role of the instance, says why, and sends nothing', async () => {
    const { code, stderr, stdout } = await verify({});
    expect(code, stderr).to.equal(2);
    expect(stderr).to.contain('[archive-instance-role]').and.to.contain('archive.allowInstanceRole');
    expect(stderr + stdout).not.to.match(/CANARY/u);
    expect(stub.requests).to.have.length(0);
  });

  it('takes it when the configuration allows it by name', async () => {
    const { stderr } = await verify({}, ', allowInstanceRole: true');
    expect(stderr).to.contain('[verify-no-log]');
    expect(stub.requests[0]?.headers.authorization).to.contain('ASIACANARY');
  });

  it('takes the ones of the environment, of a profile, and of a container', async () => {
    writeFileSync(join(folder, 'credentials'), '[own]\naws_access_key_id = a\naws_secret_access_key = b\n');
    const cases = [
      { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
      { AWS_PROFILE: 'own', AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') },
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadataUrl}/container` },
    ];
    const ends = await Promise.all(cases.map((env) => verify(env)));
    for (const { stderr } of ends) expect(stderr).to.contain('[verify-no-log]');
  });

  it('tells origins by what the SDK leaves on an identity, and trusts none without a mark', () => {
    const origin = (...marks: string[]) => toOrigin({ $source: Object.fromEntries(marks.map((mark) => [mark, '?'])) });
    expect(origin('CREDENTIALS_CODE')).to.equal('given');
    expect(origin('CREDENTIALS_PROFILE', 'CREDENTIALS_PROFILE_SOURCE_PROFILE')).to.equal('profile');
    expect(origin('CREDENTIALS_PROFILE_SOURCE_PROFILE', 'CREDENTIALS_STS_ASSUME_ROLE')).to.equal('profile');
    expect(origin('CREDENTIALS_PROFILE_SSO', 'CREDENTIALS_SSO')).to.equal('sso');
    expect(origin('CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN')).to.equal('web-identity');
    expect(origin('CREDENTIALS_PROCESS')).to.equal('process');
    expect(origin('CREDENTIALS_PROFILE_NAMED_PROVIDER'), 'a profile that points at the instance').to.equal('instance');
    expect(toOrigin({})).to.equal('instance');
  });
});

function metadataAnswer(url: string): string {
  const lasting = { ...keys, Expiration: new Date(Date.now() + 3_600_000).toISOString() };
  if (url === '/latest/api/token') return 'token';
  if (url.endsWith('/security-credentials/')) return 'host-role';
  return JSON.stringify({ Code: 'Success', Type: 'AWS-HMAC', ...lasting });
}

function vkeyFile(folder: string): string {
  const path = join(folder, 'log.vkey');
  writeFileSync(path, `${vkey}\n`);
  return path;
}
