// The questions of `stateseal init` in a real terminal (tmux): typed answers, and what is written.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';

const BIN = fileURLToPath(new URL('../../daemon/bin.ts', import.meta.url));

describe('init in a terminal', function () {
  this.timeout(120_000);
  let folder: string;
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-S', join(folder, 'socket'), ...args], { encoding: 'utf8', timeout: 10_000 });

  before(function () {
    requireComponent(this, 'tmux', findProgram('tmux') !== undefined, 'apt-get install -y tmux');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-dialogue-'));
    tmux('-f', '/dev/null', 'new-session', '-d', '-x', '200', '-y', '50', '-c', folder, '/bin/sh');
    tmux('send-keys', '-l', `${process.execPath} ${BIN} init`);
    tmux('send-keys', 'Enter');
  });
  afterEach(() => {
    tmux('kill-server');
    rmSync(folder, { recursive: true });
  });

  const until = async (pattern: RegExp): Promise<string> => {
    for (const deadlineMs = Date.now() + 30_000; Date.now() < deadlineMs; await delay(50)) {
      const screen = tmux('capture-pane', '-p');
      if (pattern.test(screen)) return screen;
    }
    throw new Error(`expected ${pattern} on the screen, got:\n${tmux('capture-pane', '-p')}`);
  };
  const answer = async (question: RegExp, text: string): Promise<void> => {
    await until(question);
    if (text !== '') tmux('send-keys', '-l', text);
    tmux('send-keys', 'Enter');
  };
  const file = (): string => join(folder, 'stateseal.yaml');

  it('asks four things, warns before COMPLIANCE, and writes', async () => {
    await answer(/Directories to watch.*: *$/mu, 'infra, network');
    await answer(/Archive: .*: *$/mu, 's3://acme/logs');
    await answer(/look \[400\]: *$/mu, '500');
    await answer(/cannot be undone[\s\S]*type COMPLIANCE: *$/mu, 'COMPLIANCE');
    await until(/then +stateseal watch/u);
    const text = readFileSync(file(), 'utf8');
    expect(text)
      .to.contain(`path: "${join(folder, 'network')}"`)
      .and.contain('mode: COMPLIANCE');
    expect(text).to.contain('structureDays: 500');
  });

  it('takes anything but the whole word as GOVERNANCE, and bare returns as the suggestions', async () => {
    await answer(/Directories to watch.*: *$/mu, '');
    await answer(/Archive: .*: *$/mu, 's3://acme/logs');
    await answer(/look \[400\]: *$/mu, '');
    await answer(/type COMPLIANCE: *$/mu, 'y');
    await until(/then +stateseal watch/u);
    expect(readFileSync(file(), 'utf8')).to.contain('mode: GOVERNANCE').and.contain('contentDays: 400');
  });

  it('writes nothing when it is interrupted', async () => {
    await until(/Directories to watch.*: *$/mu);
    tmux('send-keys', 'C-c');
    await until(/nothing was written/u);
    expect(existsSync(file())).to.equal(false);
  });
});
