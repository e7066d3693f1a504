// hooks/README.md is followed on a fresh host, into a folder of its own: what its lines install is every path that it
// names, and its line for GitLab fails no job where nothing is installed.
import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '../..');
const INSTALLED = '/usr/local/lib/stateseal';
/** Read into a shell, not started. */
const SOURCED = /(?:gitlab-pre-build|ssh-profile)\.sh$/u;

describe('hooks/README.md', () => {
  const readme = readFileSync(join(ROOT, 'hooks/README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```\n([\s\S]*?)^```$/gmu)].map(([, text = '']) => text);
  let folder: string;
  let place: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-readme-'));
    place = join(folder, 'lib/stateseal');
    for (const name of ['bin', 'modules']) mkdirSync(join(folder, name));
    symlinkSync(ROOT, join(folder, 'modules/stateseal'));
    const programs = {
      npm: `[ "$*" = 'root -g' ] && echo '${folder}/modules'`,
      stateseal: `exec '${process.execPath}' '${ROOT}/daemon/bin.ts' "$@"`,
    };
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, 'bin', name), 0o755);
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  const sh = (script: string): string =>
    execFileSync('sh', ['-ec', script.replaceAll(INSTALLED, place)], {
      env: { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder },
      encoding: 'utf8',
    });
  const gitlabLine = (): string => /pre_build_script = "(.*)"/u.exec(readme)?.[1] ?? '';

  it('its line for GitLab fails no job where nothing is installed', () => {
    expect(gitlabLine()).to.contain(`${INSTALLED}/hooks/gitlab-pre-build.sh`);
    expect(sh(`${gitlabLine()}\necho goes on`)).to.equal('goes on\n');
  });

  it('its first lines install every path that it names, twice over', () => {
    const install = blocks[0] ?? '';
    expect(install).to.contain('shim install');
    // Again, as after an upgrade, for the lines that copy.
    sh(install.replace(/^stateseal .*$/mu, ''));
    sh(install);
    const text = readme + readFileSync(join(ROOT, 'hooks/terragrunt.hcl'), 'utf8');
    const named = new Set([...text.matchAll(/\/usr\/local\/lib\/stateseal\/[\w./-]+[\w]/gu)].map(([path]) => path));
    expect(named.size).to.be.greaterThan(8);
    for (const path of named) {
      const mode = SOURCED.test(path) ? constants.R_OK : constants.X_OK;
      expect(() => accessSync(path.replace(INSTALLED, place), mode), path).not.to.throw();
    }
    for (const name of ['terraform', 'tofu']) accessSync(join(place, 'shim', name), constants.X_OK);
  });
});
