// Parts of the wrapper by themselves: which commands are recorded (and that the shim agrees), files handed down, and
// whether a signal reached a process.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { splitGlobalFlags } from '../../daemon/global-flags.ts';
import { isClientCall } from '../../daemon/client.ts';
import { commandOfExec } from '../../daemon/plain-run.ts';
import { selectInherited, toStdio } from '../../daemon/run/inherited-descriptors.ts';
import { isRecorded, UNRECORDED, writesState } from '../../daemon/run/recorded-commands.ts';
import { isStruck } from '../../daemon/run/sentinel.ts';
import { toolVersionOf } from '../../daemon/run/tool-version.ts';
import { parseCommandLine } from '../../daemon/terraform/command-line.ts';

describe('parts of the wrapper', () => {
  const recorded = (line: string): boolean => isRecorded(parseCommandLine(line.split(' ')), line.split(' '));

  it('records what plans or writes, and what it does not know', () => {
    const yes = ['terraform plan', 'tofu apply', 'terraform -chdir=x state rm a', 'terraform workspace new a'];
    for (const line of [...yes, 'terraform init', 'terraform nonsense', 'make deploy']) {
      expect(recorded(line), line).to.equal(true);
    }
    for (const word of UNRECORDED) expect(recorded(`terraform -chdir=x ${word} -json`), word).to.equal(false);
    for (const line of ['terraform', 'terraform apply -help', 'terraform -version']) {
      expect(recorded(line), line).to.equal(false);
    }
  });

  it('has the same list as the shim', () => {
    const shim = readFileSync(fileURLToPath(new URL('../../hooks/shim.sh', import.meta.url)), 'utf8');
    const body = shim.slice(shim.indexOf('case $first in'), shim.indexOf('# Signals that the caller ignores'));
    const words = [...body.matchAll(/^ {4}(.+)\) return 1 ;;$/gmu)].flatMap(([, list = '']) => list.split(' | '));
    const named = words.map((word) => word.replaceAll("'", '')).filter((word) => word !== '');
    expect(named.toSorted()).to.deep.equal(UNRECORDED.toSorted());
  });

  it('asks the backend for the state after what may have written one', () => {
    const of = (line: string): boolean => {
      const command = parseCommandLine(line.split(' '));
      return command !== undefined && writesState(command);
    };
    for (const line of ['apply', 'destroy', 'state mv a b', 'init -migrate-state'])
      expect(of(`terraform ${line}`)).to.equal(true);
    for (const line of ['plan', 'init', 'force-unlock x']) expect(of(`terraform ${line}`)).to.equal(false);
  });

  it('hands down what was handed to it, under the same numbers', () => {
    const queue = { target: 'anon_inode:[eventpoll]', flags: 0 };
    const inherited = selectInherited([
      ...[0, 1, 2].map((number) => ({ number, target: '/dev/null', flags: 0 })),
      { number: 3, target: 'pipe:[1]', flags: 0 },
      { number: 4, target: 'pipe:[1]', flags: 1 },
      { number: 5, ...queue },
      { number: 6, target: 'pipe:[2]', flags: 0 },
      { number: 7, target: 'pipe:[2]', flags: 1 },
      { number: 8, target: 'pipe:[3]', flags: 0o4000 },
      { number: 9, ...queue },
      { number: 10, target: '/home/x/file', flags: 0 },
      { number: 62, target: 'pipe:[9]', flags: 0 },
      { number: 63, target: 'pipe:[9]', flags: 0 },
    ]);
    expect(inherited).to.deep.equal([3, 4, 10, 62, 63]);
    expect(toStdio([4, 6])).to.deep.equal(['ignore', 4, 'ignore', 6]);
    expect(toStdio([])).to.deep.equal([]);
  });

  it('knows from /proc whether a signal has reached a process', () => {
    const status = (state: string, pending: string): string =>
      `Name:\tsh\nState:\t${state} (x)\nSigPnd:\t${pending}\nShdPnd:\t0000000000000000\n`;
    const none = '0000000000000000';
    expect(isStruck(status('S', none), 'SIGTERM')).to.equal(false);
    expect(isStruck(status('Z', none), 'SIGTERM')).to.equal(true);
    expect(isStruck(status('R', '0000000000004000'), 'SIGTERM')).to.equal(true);
    expect(isStruck(status('R', '0000000000000100'), 'SIGINT')).to.equal(true);
    expect(isStruck(status('T', none), 'SIGTSTP')).to.equal(true);
    expect(isStruck(status('T', none), 'SIGTERM')).to.equal(false);
    expect(isStruck('', 'SIGTERM')).to.equal(false);
  });

  it('leaves alone what stands behind --', () => {
    const { flags, rest } = splitGlobalFlags(['-q', 'exec', '--', 'terraform', 'apply', '-v', '--json', '--data-dir']);
    expect(flags).to.include({ quiet: true, json: false, version: false, dataDir: undefined });
    expect(rest).to.deep.equal(['exec', '--', 'terraform', 'apply', '-v', '--json', '--data-dir']);
    expect(isClientCall(['--data-dir', 'x', 'exec', '--', 'a'])).to.equal(true);
    expect(isClientCall(['log', 'exec'])).to.equal(false);
    expect(isClientCall(['--data-dir', 'exec'])).to.equal(false);
  });

  it('leaves the command to a Node that is too old, unless nothing may run unrecorded', () => {
    expect(commandOfExec(['-q', 'exec', '--quiet', '--', 'terraform', 'plan'])).to.deep.equal(['terraform', 'plan']);
    expect(commandOfExec(['exec', '--fail-closed', '--', 'terraform', 'plan'])).to.deep.equal([]);
    expect(commandOfExec(['log', '--', 'exec'])).to.deep.equal([]);
    expect(commandOfExec(['exec', 'terraform'])).to.deep.equal([]);
  });

  it('finds the version of the tool in what it wrote', () => {
    const bytes = (text: string): Uint8Array => Buffer.from(text);
    expect(toolVersionOf(bytes('{"terraform":"1.11.4","type":"version"}'), undefined)).to.equal('1.11.4');
    expect(toolVersionOf(undefined, bytes('{"version": 4, "terraform_version": "1.9.0-beta1"'))).to.equal(
      '1.9.0-beta1',
    );
    expect(toolVersionOf(bytes('{"terraform":"secret"}'), undefined)).to.equal('');
  });
});
