import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  symlinkSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { systemClock, type SourceClock } from '../../daemon/sources/clock.ts';
import { refuseForeign, type ContainedFile } from '../../daemon/sources/contained-file.ts';
import { readSettled, type SettledRead, type SettleOptions } from '../../daemon/sources/settled-read.ts';
import { LocalTree, stateText, textOf, until } from './local-tree.ts';

/** The machine's clock, and how often somebody waited on it. */
function countingClock(): SourceClock & { pauses(): number } {
  let pauses = 0;
  const after = (delayMs: number, run: () => void): (() => void) => {
    pauses += 1;
    return systemClock.after(delayMs, run);
  };
  return { ...systemClock, after, pauses: () => pauses };
}

describe('sources/settled-read', () => {
  let tree: LocalTree;
  let abort: AbortController;

  beforeEach(() => {
    tree = new LocalTree();
    abort = new AbortController();
  });
  afterEach(async () => {
    abort.abort();
    await tree.close();
  });

  function fileAt(path: string, maxBytes = 1_000_000): ContainedFile {
    return { directory: tree.dir, path: tree.path(path), displayPath: `infra/${path}`, maxBytes };
  }

  function read(path: string, options: Partial<SettleOptions & { maxBytes: number }> = {}): Promise<SettledRead> {
    const isBeingWritten = (): Promise<boolean> => Promise.resolve(false);
    const common = { deadlineMs: 5_000, clock: systemClock, signal: abort.signal, isBeingWritten };
    return readSettled(fileAt(path, options.maxBytes), { ...common, ...options });
  }

  async function problemOf(path: string, options: Partial<SettleOptions & { maxBytes: number }> = {}): Promise<string> {
    const answer = await read(path, options);
    if (answer.outcome !== 'refused') throw new Error(`expected a refusal, got ${answer.outcome}`);
    expect(answer.problem.message).to.include(`infra/${path}: `);
    return `${answer.problem.code} ${answer.problem.message}`;
  }

  it('reads a whole version', async () => {
    tree.write('terraform.tfstate', stateText(3));
    const answer = await read('terraform.tfstate');
    expect(answer.outcome === 'read' && textOf(answer.bytes)).to.equal(stateText(3));
  });

  it('says absent for what is not there', async () => {
    expect((await read('a/terraform.tfstate')).outcome).to.equal('absent');
  });

  it('refuses what is no regular file, without blocking', async () => {
    tree.fifo('fifo.tfstate');
    mkdirSync(tree.path('directory.tfstate'));
    const server = createServer().listen(tree.path('socket.tfstate'));
    await once(server, 'listening');
    expect(await problemOf('fifo.tfstate')).to.match(/^file-not-regular .*a fifo$/);
    expect(await problemOf('directory.tfstate')).to.match(/^file-not-regular .*a directory$/);
    expect(await problemOf('socket.tfstate')).to.match(/^file-not-regular .*a socket$/);
    server.close();
    await once(server, 'close');
    const device = { directory: '/dev', path: '/dev/null', displayPath: 'null', maxBytes: 1 };
    const isBeingWritten = (): Promise<boolean> => Promise.resolve(false);
    const answer = await readSettled(device, {
      deadlineMs: 50,
      clock: systemClock,
      signal: abort.signal,
      isBeingWritten,
    });
    expect(answer.outcome === 'refused' && answer.problem.code).to.equal('file-not-regular');
  });

  it('refuses links, also on the way', async () => {
    tree.write('real/terraform.tfstate', stateText(1));
    symlinkSync(tree.path('real/terraform.tfstate'), tree.path('soft.tfstate'));
    symlinkSync(tree.path('nowhere'), tree.path('dangling.tfstate'));
    linkSync(tree.path('real/terraform.tfstate'), tree.path('hard.tfstate'));
    symlinkSync(tree.path('real'), tree.path('alias'));
    symlinkSync('/etc', tree.path('outside'));
    expect(await problemOf('soft.tfstate')).to.match(/^file-is-symlink /);
    expect(await problemOf('dangling.tfstate')).to.match(/^file-is-symlink /);
    expect(await problemOf('hard.tfstate')).to.match(/^file-is-hard-link .*2 names$/);
    expect(await problemOf('outside/passwd')).to.match(/^file-outside-root /);
    tree.write('single/terraform.tfstate', stateText(1));
    symlinkSync(tree.path('single'), tree.path('alias2'));
    expect(await problemOf('alias2/terraform.tfstate')).to.match(/^file-is-symlink .*inside the root$/);
  });

  it('says how large a file is and how large it may be', async () => {
    const path = tree.write('giant.tfstate', '{');
    truncateSync(path, 2 ** 40);
    expect(await problemOf('giant.tfstate', { maxBytes: 1_000 })).to.match(
      /^file-too-large .*at most 1000 bytes, got 1099511627776$/,
    );
  });

  it('says when it may not read', async function () {
    const denied = Object.assign(new Error('x'), { code: 'EACCES' });
    expect(refuseForeign(fileAt('a'), denied, undefined).problem.code).to.equal('file-permission-denied');
    if (process.getuid?.() === 0) return; // The system lets root read everything: the mapping alone is tested.
    chmodSync(tree.write('terraform.tfstate', stateText(1)), 0);
    expect(await problemOf('terraform.tfstate')).to.match(/^file-permission-denied /);
  });

  it('calls a file empty only when it rests', async () => {
    tree.write('old.tfstate', '', 10_000);
    expect((await read('old.tfstate')).outcome).to.equal('empty');
    tree.write('new.tfstate', '');
    const clock = countingClock();
    const pending = read('new.tfstate', { clock });
    await until('two looks', () => clock.pauses() >= 2);
    tree.write('new.tfstate', stateText(2));
    expect((await pending).outcome).to.equal('read');
  });

  it('waits for a writer that holds the lock on an empty file, up to the deadline', async () => {
    tree.write('terraform.tfstate', '', 10_000);
    let asked = 0;
    const isBeingWritten = (): Promise<boolean> => Promise.resolve((asked += 1) < 5);
    expect((await read('terraform.tfstate', { isBeingWritten })).outcome).to.equal('empty');
    expect(asked).to.equal(5);
    const forever = (): Promise<boolean> => Promise.resolve(true);
    expect((await read('terraform.tfstate', { isBeingWritten: forever, deadlineMs: 30 })).outcome).to.equal('empty');
  });

  it('waits for the rest of a torn file', async () => {
    const text = stateText(4, 'x'.repeat(5_000));
    tree.write('terraform.tfstate', text.slice(0, 2_000), 10_000);
    const clock = countingClock();
    const pending = read('terraform.tfstate', { clock });
    await until('two looks', () => clock.pauses() >= 2);
    tree.write('terraform.tfstate', text);
    const answer = await pending;
    expect(answer.outcome === 'read' && textOf(answer.bytes)).to.equal(text);
  });

  it('gives up on a file that stays torn', async () => {
    tree.write('terraform.tfstate', stateText(4).slice(0, 40), 10_000);
    expect(await problemOf('terraform.tfstate', { deadlineMs: 60 })).to.match(/^file-unsettled .*end with '}'$/);
  });

  it('ends at once when told to', async () => {
    tree.write('terraform.tfstate', '{', 10_000);
    const pending = read('terraform.tfstate');
    abort.abort();
    expect((await pending).outcome).to.equal('aborted');
  });

  it('never mixes two versions of a file that is rewritten all the time', async function () {
    const path = tree.write('terraform.tfstate', stateText(0));
    // A pause now and then, as any real writer has, in a process of its own.
    const script = `
      const fs = require('node:fs');
      const fd = fs.openSync(process.argv[1], 'r+');
      const texts = ['a', 'b'].map((c) => JSON.stringify({ filler: c.repeat(400_000) }) + '\\n');
      const idle = new Int32Array(new SharedArrayBuffer(4));
      for (let n = 0; ; n += 1) {
        fs.ftruncateSync(fd, 0);
        const bytes = Buffer.from(texts[n % 2]);
        fs.writeSync(fd, bytes, 0, 200_000, 0);
        fs.writeSync(fd, bytes, 200_000, bytes.length - 200_000, 200_000);
        Atomics.wait(idle, 0, 0, 20);
      }`;
    const child = spawn(process.execPath, ['-e', script, path], { stdio: 'ignore' });
    try {
      await until('the writer', async () => {
        const answer = await read('terraform.tfstate', { deadlineMs: 50 });
        return answer.outcome === 'read' && answer.bytes.length > 400_000;
      });
      for (let turn = 0; turn < 30; turn += 1) {
        const answer = await read('terraform.tfstate');
        expect(answer.outcome).to.equal('read');
        if (answer.outcome === 'read')
          expect(textOf(answer.bytes)).to.match(/^\{"filler":"(a{400000}|b{400000})"\}\n$/);
      }
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  it('takes no version for another that was written in the same tick of the file clock', async () => {
    const path = tree.write('terraform.tfstate', stateText(1));
    const fd = openSync(path, 'r+');
    const pending = read('terraform.tfstate');
    for (let serial = 2; serial <= 9; serial += 1) {
      ftruncateSync(fd, 0);
      writeSync(fd, stateText(serial), 0);
    }
    closeSync(fd);
    const answer = await pending;
    expect(answer.outcome === 'read' && textOf(answer.bytes)).to.equal(stateText(9));
  });
});
