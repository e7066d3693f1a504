// Texts of /proc and of the user database, as hostile as a process can make them.
import { expect } from 'chai';
import {
  parseLoginUid,
  parsePasswd,
  parseStat,
  parseUids,
  parseUnit,
} from '../../daemon/sources/process/proc-parse.ts';

describe('texts of /proc', () => {
  it('stat: a name may hold brackets, spaces and line ends', () => {
    expect(parseStat(`7 (a) S 1 (b\n) S 5 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 9 0 9 0 0\n`)).to.deep.equal({
      parentPid: 5,
      startTicks: '9',
      comm: 'a) S 1 (b\n',
    });
    for (const text of ['', '7 (x', '7 x) S 1', '7 (x) S a b', '7 (x) S 1 2 3']) {
      expect(parseStat(text)).to.equal(undefined);
    }
  });

  it('status: only the line of the uids', () => {
    expect(parseUids('Name:\tUid:\\t0\nUid:\t1001\t0\t0\t0\n')).to.deep.equal({ real: 1001, effective: 0 });
    expect(parseUids('Name:\tx\n')).to.equal(undefined);
  });

  it('loginuid: none, one, or no number', () => {
    expect(['4294967295', '1001\n', '', 'x', '-1'].map(parseLoginUid)).to.deep.equal([
      -1,
      1001,
      undefined,
      undefined,
      undefined,
    ]);
  });

  const CGROUPS: readonly (readonly [text: string, unit: string])[] = [
    ['0::/system.slice/gitlab-runner.service\n', 'gitlab-runner.service'],
    ['0::/user.slice/user-1001.slice/session-3.scope\n', 'session-3.scope'],
    ['0::/user.slice/user-1001.slice/user@1001.service/app.slice/hunter2.scope\n', 'user@1001.service'],
    [`0::/system.slice/docker-${'ab'.repeat(32)}.scope\n`, 'container:abababababab'],
    [`12:pids:/docker/${'ab'.repeat(32)}\n1:name=systemd:/docker/${'ab'.repeat(32)}\n`, 'container:abababababab'],
    [`0::/kubepods.slice/pod1.slice/cri-containerd-${'ab'.repeat(32)}.scope\n`, 'container:abababababab'],
    ['0::/\n', ''],
    ['', ''],
    ['0::/hunter2 x.service\n', ''],
  ];
  for (const [text, unit] of CGROUPS)
    it(`cgroup ${text.slice(0, 60).trim()}`, () => expect(parseUnit(text)).to.equal(unit));

  it('passwd: the first line of a number counts, and no odd names', () => {
    expect([
      ...parsePasswd(
        `root:x:0:0::/root:/bin/sh\nana:x:1001:1001::/home/ana:/bin/sh\nlater:x:1001:1:::\na b:x:5:5\n:x:6:6\n\u202e:x:7:7\n`,
      ),
    ]).to.deep.equal([
      [0, 'root'],
      [1001, 'ana'],
    ]);
  });
});
