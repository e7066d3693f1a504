import { expect } from 'chai';
import { toBackend, type BackendFile } from '../daemon/config-backend.ts';

describe('config: backend', () => {
  const of = (file: Partial<BackendFile>, roots: readonly string[] = []) =>
    toBackend({ storage: 'states', states: ['a'], ...file }, '/etc/stateseal', {
      roots: roots.map((path) => ({ path })),
      buckets: [{ bucket: 'seen', prefix: 'prod' }],
    });
  const code = (work: () => unknown): unknown => {
    try {
      work();
      return 'done';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('is off unless given; loopback and a port of its own by default', () => {
    expect(toBackend(undefined, '/', { roots: [], buckets: [] })).to.equal(undefined);
    expect(of({})).to.deep.include({
      host: '127.0.0.1',
      port: 7374,
      states: [{ name: 'a', storage: { kind: 'directory', path: '/etc/stateseal/states' } }],
    });
    const two = of({ states: ['a', { name: 'b', storage: 's3://bucket/x' }] });
    expect(two?.states[1]?.storage).to.deep.equal({ kind: 's3', bucket: 'bucket', prefix: 'x' });
  });

  it('listens beyond loopback with TLS only, unless told otherwise', () => {
    const tls = { certFile: 'c.pem', keyFile: 'k.pem' };
    expect(code(() => of({ host: '0.0.0.0' }))).to.equal('backend-plaintext');
    expect(of({ host: '0.0.0.0', tls })?.tls?.certFile).to.equal('/etc/stateseal/c.pem');
    expect(of({ host: '0.0.0.0', allowPlaintext: true })?.host).to.equal('0.0.0.0');
    expect(of({ host: 'localhost' })?.host).to.equal('127.0.0.1');
  });

  it('keeps states outside of what is watched, and each name once', () => {
    expect(code(() => of({ storage: '/srv/infra/states' }, ['/srv/infra']))).to.equal('backend-watched');
    expect(code(() => of({ storage: '/srv/infra' }, ['/srv/infra']))).to.equal('backend-watched');
    expect(code(() => of({ storage: '/srv/infra-states' }, ['/srv/infra']))).to.equal('done');
    expect(code(() => of({ storage: 's3://seen/prod/x' }))).to.equal('backend-watched');
    expect(code(() => of({ storage: 's3://seen/production' }))).to.equal('done');
    expect(code(() => of({ states: ['a', 'a'] }))).to.equal('backend-state-twice');
    expect(code(() => of({ storage: 's3://key:secret@bucket/x' }))).to.equal('archive-location-credentials');
  });
});
