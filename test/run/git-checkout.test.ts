// Commit, branch and origin from the files of git, as git itself leaves them, and as hostile folders pretend.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { collectClaims } from '../../daemon/run/claims.ts';
import { readGitCheckout } from '../../daemon/run/git-checkout.ts';
import { findProgram, requireComponent } from '../support/components.ts';

const TOKEN = 'ghp_canary7Hq9zT2mXwAbCdEfGhIjKlMnOpQr';

describe('the git checkout of a run', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-git-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const git = (cwd: string, ...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();

  it('is what git says: a branch, packed refs, a detached head, a worktree', async function () {
    requireComponent(this, 'git', findProgram('git') !== undefined, 'apt-get install -y git');
    const main = join(folder, 'main');
    mkdirSync(join(main, 'env', 'prod'), { recursive: true });
    git(main, 'init', '-q');
    git(main, 'checkout', '-q', '-b', 'feature/x');
    git(main, 'remote', 'add', 'origin', `https://x-access-token:${TOKEN}@github.com/acme/infra.git`);
    expect((await readGitCheckout(main))?.commit).to.equal('');
    git(main, 'commit', '-q', '--allow-empty', '-m', 'one');
    const commit = git(main, 'rev-parse', 'HEAD');
    expect(await readGitCheckout(join(main, 'env', 'prod'))).to.include({ commit, branch: 'feature/x' });
    git(main, 'pack-refs', '--all');
    expect(await readGitCheckout(main)).to.include({ commit });
    git(main, 'worktree', 'add', '-q', '-b', 'other', join(folder, 'tree'));
    const claims = await collectClaims({}, join(folder, 'tree'));
    expect(claims.map(({ field, value }) => `${field} ${value}`)).to.deep.equal([
      `commit ${commit}`,
      'ref other',
      'repository github.com/acme/infra',
    ]);
    expect(JSON.stringify(claims)).not.to.contain(TOKEN.slice(4, 20));
    git(main, 'checkout', '-q', '--detach');
    expect(await readGitCheckout(main)).to.include({ commit, branch: '' });
  });

  it('has one name however the remote is written', async () => {
    const forms = [
      'git@github.com:acme/infra.git',
      'ssh://git@github.com/acme/infra',
      'https://github.com/acme/infra/',
    ];
    for (const [index, url] of forms.entries()) {
      const dir = join(folder, `form-${index}`, '.git');
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'HEAD'), `${'a'.repeat(40)}\n`);
      writeFileSync(join(dir, 'config'), `[core]\n\turl = wrong\n[remote "origin"]\n\turl = ${url}\n`);
      const claims = await collectClaims({}, join(dir, '..'));
      expect(claims.find(({ field }) => field === 'repository')?.value, url).to.equal('github.com/acme/infra');
    }
  });

  it('never hangs, climbs out or throws on what is no checkout', async () => {
    const dir = join(folder, '.git');
    mkdirSync(dir);
    expect(await readGitCheckout(join(folder, 'gone'))).to.equal(undefined);
    execFileSync('mkfifo', [join(dir, 'HEAD')]);
    expect(await readGitCheckout(folder)).to.equal(undefined);
    rmSync(join(dir, 'HEAD'));
    writeFileSync(join(folder, 'secret'), TOKEN);
    for (const head of [
      'ref: refs/heads/../../../secret',
      'ref: refs/heads/loop',
      '\0\0',
      `ref: ${'x'.repeat(3000)}`,
    ]) {
      writeFileSync(join(dir, 'HEAD'), head);
      mkdirSync(join(dir, 'refs', 'heads'), { recursive: true });
      writeFileSync(join(dir, 'refs', 'heads', 'loop'), 'ref: refs/heads/loop');
      expect(JSON.stringify(await collectClaims({}, folder)), head).not.to.contain(TOKEN.slice(4, 20));
    }
    writeFileSync(join(folder, 'file'), 'gitdir: /dev/zero');
    expect(await readGitCheckout('/dev/zero')).to.equal(undefined);
  });
});
