// The Dockerfile copies what exists, the context holds what it copies and no more, and the image is closed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

describe('Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const argumentsOf = (instruction: string): string[][] =>
    lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.split(/\s+/u).slice(1));
  const copied = argumentsOf('COPY')
    .filter(([first]) => first?.startsWith('--from=') === false)
    .flatMap((words) => words.slice(0, -1));

  it('copies from the context exactly what .dockerignore lets in', () => {
    const included = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    expect(copied.sort()).to.deep.equal(included.map((line) => line.slice(1)).sort());
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).to.deep.equal([]);
  });

  it('names base images by name and the same Node the program asks for', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const major = /\d+/u.exec(engines.node)?.[0];
    expect(argumentsOf('FROM').map(([image]) => image)).to.deep.equal([`node:${major}-slim`, `node:${major}-slim`]);
  });

  it('runs as a user of its own and stops as the recorder ends by itself', () => {
    expect(argumentsOf('USER')).to.deep.equal([['10001:10001']]);
    expect(argumentsOf('STOPSIGNAL')).to.deep.equal([['SIGINT']]);
    expect(argumentsOf('VOLUME')).to.deep.equal([['/var/lib/stateseal']]);
  });
});
