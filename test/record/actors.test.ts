// Who a set of claims names, and what is never made of them.
import { expect } from 'chai';
import { actorReferences, bestActors } from '../../daemon/record/actors.ts';
import { differences } from '../../daemon/commands/render-who.ts';
import type { Claim, Known } from '../../daemon/record/observation.ts';

const claim = (field: string, value: string, known: Known = 'observed', by = 'kernel'): Claim => ({
  field,
  value,
  known,
  by,
});
const said = claim('actor', 'user:ana', 'claimed', 'lock-info');
const names = (...claims: readonly Claim[]): string[] =>
  bestActors(claims).map(({ name, known, isRunner }) => `${name} ${known}${isRunner ? ' runner' : ''}`);

describe('bestActors', () => {
  it('are known as well as can be: verified before observed before claimed', () => {
    expect(names(said)).to.deep.equal(['ana claimed']);
    expect(names(said, claim('actor', 'uid:1001'))).to.deep.equal(['uid:1001 observed']);
    const token = claim('actor', 'github:carol', 'verified', 'oidc');
    expect(names(said, claim('actor', 'uid:1001'), token)).to.deep.equal(['github:carol verified']);
    expect(names()).to.deep.equal([]);
    expect(names(claim('host', 'host:x'))).to.deep.equal([]);
  });

  it('have the name of the account, and the login that led to it', () => {
    const root = [claim('actor', 'uid:0'), claim('actor', 'user:root', 'observed', 'passwd')];
    expect(names(...root, claim('login', 'none'))).to.deep.equal(['root observed']);
    expect(names(...root, claim('login', 'uid:1001'), claim('login', 'user:ana', 'observed', 'passwd'))).to.deep.equal([
      'ana as root observed',
    ]);
    expect(names(...root, claim('login', 'uid:0'), claim('login', 'user:root'))).to.deep.equal(['root observed']);
  });

  it('are the owner of the lock file where no process was seen', () => {
    expect(names(said, claim('owner', 'uid:1001', 'observed', 'lock-file'))).to.deep.equal(['uid:1001 observed']);
    expect(names(claim('actor', 'uid:5'), claim('owner', 'uid:6'))).to.deep.equal(['uid:5 observed']);
  });

  it('are a runner only by what the kernel says: no login, and its program above', () => {
    const job = [claim('actor', 'uid:1001'), claim('login', 'none'), claim('parent-3-program', 'Runner.Worker')];
    expect(names(...job)).to.deep.equal(['uid:1001 observed runner']);
    const unit = claim('unit', 'gitlab-runner.service');
    expect(names(claim('actor', 'uid:9'), claim('login', 'none'), unit)).to.deep.equal(['uid:9 observed runner']);
    const claimed = claim('parent-3-program', 'Runner.Worker', 'claimed', 'process');
    expect(names(claim('actor', 'uid:1001'), claim('login', 'none'), claimed)).to.deep.equal(['uid:1001 observed']);
    expect(names(...job.slice(0, 1), ...job.slice(2))).to.deep.equal(['uid:1001 observed']);
    expect(names(...job, claim('login', 'uid:1002'))).to.deep.equal(['uid:1002 as uid:1001 observed']);
  });

  it('refer to no hidden text, and to no login that is none', () => {
    const claims = [said, claim('actor', '(hidden)'), claim('login', 'none'), claim('owner', 'uid:7')];
    expect(actorReferences(claims)).to.deep.equal(['user:ana', 'uid:7']);
  });
});

describe('differences', () => {
  const ana = [claim('actor', 'uid:1001'), claim('actor', 'user:ana', 'observed', 'passwd')];
  it('none where all agree, or nothing can be compared', () => {
    expect(differences([...ana, said, claim('owner', 'uid:1001')])).to.deep.equal([]);
    expect(differences([claim('actor', 'uid:1001'), said])).to.deep.equal([]);
    expect(differences([])).to.deep.equal([]);
  });

  it('another user in the lock file, another owner of it', () => {
    const ben = claim('actor', 'user:ben', 'claimed', 'lock-info');
    expect(differences([...ana, ben])).to.deep.equal(['the lock file names user:ben, the system user:ana']);
    expect(differences([...ana, claim('owner', 'uid:1002')])[0]).to.match(/belongs to uid:1002.*held by uid:1001/);
    expect(differences([...ana, claim('effective', 'uid:0'), claim('owner', 'uid:0')])).to.deep.equal([]);
  });

  it('a program that is not what it calls itself', () => {
    const command = claim('command', 'terraform apply', 'claimed', 'process');
    expect(differences([command, claim('program', 'perl')])[0]).to.match(/calls itself terraform.*perl/);
    expect(differences([command, claim('program', 'terraform_1.11.4')])).to.deep.equal([]);
    const other = claim('command', 'neither terraform nor tofu', 'claimed', 'process');
    expect(differences([other, claim('program', 'flock')])[0]).to.match(/neither/);
  });
});
