// The README is run: its set-up commands exist as scripts, its console blocks are played in order against the real
// command line, and what they print is compared, with times, hashes and folders made alike on both sides.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { parseConfigFile } from '../daemon/config-file.ts';

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'daemon/bin.ts');
const STATES = join(ROOT, 'test/fixtures/terraform/states');

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language = '', text = '']) => ({ language, text }));
}

/** What differs from run to run, by its place. */
function normalise(text: string): string {
  return text
    .replaceAll(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}Z/g, 'DAY')
    .replaceAll(/\d{2}:\d{2}:\d{2}Z/g, 'TIME')
    .replaceAll(/log \S+\/[a-z2-7]{13}/g, 'log ORIGIN')
    .replaceAll(/key [0-9a-f]{8}\+\S+…/g, 'key KEY')
    .replaceAll(/root \S+…\S+/g, 'root ROOT')
    .replaceAll(/#\d+(\.\.#\d+)?/g, '#N')
    .replaceAll(/size \d+/g, 'size N')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
}

function run(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BIN, ...args], { cwd: ROOT, env: environment });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('close', (code) => resolve({ code: code ?? -1, text }));
  });
}

/** Collects what a child prints and resolves once it has printed `needle`. */
function listen(child: ChildProcess) {
  let text = '';
  const waiting: { needle: string; resolve: () => void }[] = [];
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const { resolve } of waiting.filter(({ needle }) => text.includes(needle))) resolve();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return {
    text: () => text,
    until: (needle: string) =>
      new Promise<void>((resolve) => {
        if (text.includes(needle)) resolve();
        else waiting.push({ needle, resolve });
      }),
  };
}

describe('README', () => {
  let readme: string;
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  let recorder: ChildProcess | undefined;

  before(async () => {
    readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    folder = await mkdtemp(join(tmpdir(), 'stateseal-readme-'));
    environment = { ...process.env, XDG_STATE_HOME: join(folder, 'state'), STATE_DIRECTORY: '', NO_COLOR: '1' };
  });
  after(async () => {
    recorder?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  const lineAfter = (needle: string): string => {
    const block = blocksOf(readme).find(({ text }) => text.includes(needle));
    expect(block, needle).to.not.equal(undefined);
    return block?.text ?? '';
  };

  it('names the two set-up commands, and their scripts exist', async () => {
    const commands = lineAfter('npm start -- ./infra');
    expect(commands)
      .to.match(/^npm ci && npm start -- \.\/infra/m)
      .and.to.match(/^npm ci && npm test/m);
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts).to.include.keys('start', 'test', 'stateseal');
  });

  it('links to files that exist', () => {
    const targets = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(join(ROOT, target)))).to.deep.equal([]);
  });

  it('shows a configuration that is valid', () => {
    const yaml = blocksOf(readme).find(({ language }) => language === 'yaml')?.text ?? '';
    expect(parseConfigFile(yaml, 'README')).to.deep.equal(parse(yaml));
  });

  it('prints what the diff prints', async () => {
    const [command = '', ...expected] = lineAfter('$ stateseal diff').split('\n');
    const { code, text } = await run(command.replace('$ stateseal ', '').split(' '), environment);
    expect(code).to.equal(1);
    expect(text.trimEnd()).to.equal(expected.join('\n').trimEnd());
  });

  it('records, seals at Ctrl-C, and answers as shown', async () => {
    const infra = join(folder, 'infra');
    await mkdir(infra);
    const state = join(infra, 'terraform.tfstate');
    const config = join(folder, 'config.yaml');
    await writeFile(config, 'quietSeconds: 0.5\n');
    await copyFile(join(STATES, 'create-after.tfstate'), state);
    const child = spawn(process.execPath, [BIN, 'watch', infra, '--http', 'off', '--config', config], {
      cwd: folder,
      env: environment,
    });
    recorder = child;
    const output = listen(child);
    const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
    await output.until('ready.');
    const greeting = lineAfter('$ stateseal watch ./infra').split('\n').slice(1).join('\n');
    const shown = output
      .text()
      .replaceAll(join(folder, 'state', 'stateseal'), '~/.local/state/stateseal')
      .replaceAll(infra, './infra');
    expect(normalise(shown)).to.equal(normalise(greeting));

    await copyFile(state, `${state}.backup`);
    await copyFile(join(STATES, 'after-move-forget-import.tfstate'), state);
    await output.until('recorded');
    const block = lineAfter('14:02:11Z').split('\n');
    for (const line of [block[0], block[1], block[2], block[3], block[4], block[5]]) {
      expect(normalise(output.text())).to.include(normalise(line ?? '?'));
    }
    const { text: log } = await run(['log'], environment);
    const table = lineAfter('$ stateseal log\n').split('\n')[1] ?? '';
    expect(normalise(log)).to.include(normalise(table));

    child.kill('SIGINT');
    expect(await ended).to.equal(0);
    const sealed = block.find((line) => line.includes('sealed')) ?? '?';
    expect(normalise(output.text())).to.include(normalise(sealed));
    for (const args of [['verify'], ['status'], ['show', '1']]) {
      const { code, text } = await run(args, environment);
      expect(code, `${args.join(' ')}: ${text}`).to.equal(0);
    }
  });
});
