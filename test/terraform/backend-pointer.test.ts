// A backend pointer holds credentials in clear: none of them may come out, in a location or in an error.
import { expect } from 'chai';
import fc from 'fast-check';
import { ParseError } from '../../daemon/errors.ts';
import { parseBackendPointer } from '../../daemon/terraform/backend-pointer.ts';
import { encode, failureOf, readFixture } from './fixtures.ts';

const pointer = (type: unknown, config: unknown): object => ({
  version: 3,
  terraform_version: '1.11.4',
  backend: { type, config, hash: 1 },
});
const locate = (type: string, config: unknown): string => parseBackendPointer(encode(pointer(type, config))).location;

describe('parseBackendPointer', () => {
  it('reads the samples without their secrets', () => {
    const read = (name: string): unknown => parseBackendPointer(readFixture(`backendconfig/${name}.terraform.tfstate`));
    expect(read('s3')).to.deep.equal({ type: 's3', location: 's3://tfb/env/prod.tfstate' });
    expect(read('http')).to.deep.equal({ type: 'http', location: 'http://127.0.0.1:18080/state/proj1' });
    expect(read('local')).to.deep.equal({ type: 'local', location: 'states/prod.json' });
  });

  const LOCATIONS: readonly (readonly [string, unknown, string])[] = [
    ['s3', { bucket: 'b', key: null }, 's3://b'],
    ['s3', {}, 's3'],
    ['gcs', { bucket: 'b', prefix: 'p/q', access_token: 'PW' }, 'gs://b/p/q'],
    ['azurerm', { storage_account_name: 'a', container_name: 'c', key: 'k', sas_token: 'PW' }, 'azurerm://a/c/k'],
    ['http', { address: 'https://u:PW@h.example:8443/a/b?token=PW#PW', password: 'PW' }, 'https://h.example:8443/a/b'],
    ['http', { address: 'https://u:1/PW@h.example/a' }, 'http'],
    ['http', { address: 'PW' }, 'http'],
    ['http', { address: 'file:///PW' }, 'http'],
    ['http', {}, 'http'],
    ['local', {}, 'terraform.tfstate'],
    ['local', null, 'terraform.tfstate'],
    [
      'remote',
      { hostname: 'tfe.example', organization: 'o', workspaces: [{ name: 'w', prefix: null }], token: 'PW' },
      'remote://tfe.example/o/w',
    ],
    ['remote', { hostname: null, organization: 'o', workspaces: { prefix: 'w-' } }, 'remote://app.terraform.io/o/w-'],
    ['cloud', { organization: 'o', token: 'PW', workspaces: { tags: ['t'] } }, 'cloud://app.terraform.io/o'],
    ['consul', { address: 'c.example:8500', path: 'tf/state', access_token: 'PW' }, 'consul://c.example:8500/tf/state'],
    ['consul', { address: 'https://u:PW@c.example', path: 'p', http_auth: 'u:PW' }, 'consul://c.example/p'],
    ['pg', { conn_str: 'postgres://u:PW@db.example:5432/tf?sslmode=PW' }, 'pg://db.example:5432/tf'],
    ['pg', { conn_str: 'postgres://u:12/PW@db.example/tf' }, 'pg'],
    ['pg', { conn_str: 'host=db password=PW' }, 'pg'],
    ['kubernetes', { token: 'PW', secret_suffix: 'x' }, 'kubernetes'],
    ['some-new_one', { anything: 'PW' }, 'some-new_one'],
    ['s3', { bucket: 'b', key: 'k'.repeat(2000) }, 's3'],
    ['local', { path: 'a\u001b[31m\nb' }, 'a\\u001b[31m\\u000ab'],
  ];
  for (const [type, config, expected] of LOCATIONS) {
    it(`locates ${type} at ${expected}`, () => expect(locate(type, config)).to.equal(expected));
  }

  it('refuses what is no pointer', () => {
    const OTHERS = [
      [],
      null,
      {},
      { version: 4, backend: {} },
      { version: 3 },
      { version: 3, modules: [] },
      { version: 3, backend: [] },
    ];
    const WRONG = [
      pointer(1, {}),
      pointer('', {}),
      pointer('S3', {}),
      pointer('a\nb', {}),
      pointer('s3', 'x'),
      pointer('s3', []),
    ];
    for (const value of [...OTHERS, ...WRONG]) {
      expect(failureOf(() => parseBackendPointer(encode(value))).code, JSON.stringify(value)).to.equal(
        'backend-malformed',
      );
    }
    const state = readFixture('states/rich-1.tfstate');
    expect(failureOf(() => parseBackendPointer(state)).code).to.equal('backend-malformed');
    expect(failureOf(() => parseBackendPointer(encode(''))).code).to.equal('json-syntax');
  });

  it('never lets a password out of a url, wherever it stands', () => {
    const anyUrl = fc.tuple(
      fc.constantFrom('http://', 'https://', 'postgres://', 'postgresql://', ''),
      fc.constantFrom(
        '',
        'u:PASSWORD@',
        'PASSWORD@',
        ':PASSWORD@',
        'u:a/PASSWORD@',
        'u:1/PASSWORD@',
        'u:1?PASSWORD@',
        'u:1#PASSWORD@',
      ),
      fc.constantFrom('h', 'h:80', '[::1]:80', ''),
      fc.constantFrom('', '/p', '/p?x=PASSWORD', '/p#PASSWORD', '?PASSWORD'),
    );
    fc.assert(
      fc.property(anyUrl, fc.constantFrom('http', 'consul', 'pg'), (parts, type) => {
        const url = parts.join('');
        try {
          expect(locate(type, { address: url, conn_str: url, path: 'p', token: 'PASSWORD' }), url).to.not.match(
            /password/i,
          );
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
