// .ci/run with stand-ins for npm and the components: order of the stages, the sum at the end, and what counts as failed.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';

const RUN = fileURLToPath(new URL('../../.ci/run', import.meta.url));
const COMPONENTS = [
  'ceph-mon',
  'ceph-osd',
  'ceph-mgr',
  'radosgw',
  'strace',
  'shellcheck',
  'sudo',
  'tmux',
  'systemd-analyze',
  'terraform',
];

describe('.ci/run', () => {
  let folder: string;

  before(function () {
    requireComponent(this, 'bash', findProgram('bash') !== undefined, 'apt-get install bash');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-ci-'));
    for (const name of COMPONENTS) put(name, 'exit 0');
    put('apt-get', 'echo "expected no installation" >&2; exit 1');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const put = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  const npm = (script: string): void => put('npm', `echo "npm $*" >> "${folder}/calls"\ncase "$*" in\n${script}\nesac`);
  const start = (path = `${folder}:${process.env['PATH']}`) => {
    const { status, stdout } = spawnSync('bash', [RUN], { env: { PATH: path, TMPDIR: folder }, encoding: 'utf8' });
    return { status, lines: stdout.trimEnd().split('\n') };
  };

  it('runs every stage in order and sums what mocha printed', () => {
    npm(`"test") printf '\\n  12 passing (3s)\\n  1 pending\\n' ;;\n"run test:slow") printf '  5 passing (2m)\\n' ;;`);
    const { status, lines } = start();
    expect(lines.at(-1)).to.equal('17 passed, 0 failed');
    expect(status).to.equal(0);
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
    expect(calls).to.deep.equal([
      'npm ci',
      'npm test',
      'npm run test:slow',
      'npm run build',
      'npm run bench -- --quick',
    ]);
    expect(lines.filter((line) => /^== .*: \d+ s$/u.test(line))).to.have.length(6);
  });

  it('stops at a failing suite and reports its failures', () => {
    npm(`"test") printf '  12 passing (3s)\\n  2 failing\\n'; exit 2 ;;`);
    const { status, lines } = start();
    expect(lines.at(-1)).to.equal('12 passed, 2 failed');
    expect(lines.at(-2)).to.equal('== failed: npm test (exit 2)');
    expect(status).to.equal(2);
  });

  it('counts a stage that fails without tests as one failure', () => {
    npm(`"test") printf '  12 passing (3s)\\n' ;;\n"run build") exit 1 ;;`);
    expect(start()).to.deep.include({ status: 1 }).and.have.property('lines').that.includes('12 passed, 1 failed');
  });

  it('fails when no test ran, or when failures came with exit 0', () => {
    npm('"none") ;;');
    expect(start().status).to.equal(1);
    npm(`"test") printf '  12 passing (3s)\\n  1 failing\\n' ;;`);
    const { status, lines } = start();
    expect([status, lines.at(-1)]).to.deep.equal([1, '12 passed, 1 failed']);
  });

  it('is not misled by the text of a test', () => {
    npm(`"test") printf '  12 passing (3s)\\n    99 passing (1s)\\n  7 failing tests\\n5 passing (1s)\\n' ;;`);
    expect(start().lines.at(-1)).to.equal('12 passed, 0 failed');
  });

  it('fails without terraform and says what to install', () => {
    npm('"none") ;;');
    rmSync(join(folder, 'terraform'));
    for (const name of ['awk', 'bash', 'cat', 'dirname', 'env', 'id', 'mktemp', 'rm', 'sh', 'tee']) {
      put(name, `exec ${findProgram(name)} "$@"`);
    }
    const { status, lines } = start(folder);
    expect(status).to.equal(1);
    expect(lines.join('\n')).to.include('terraform not found: install');
    expect(lines.at(-1)).to.equal('0 passed, 1 failed');
  });
});
