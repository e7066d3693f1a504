import { expect } from 'chai';
import { createIgnoreRules } from '../../daemon/sources/ignore-rules.ts';

describe('sources/ignore-rules', () => {
  it('never enters what holds no states of the user', () => {
    const rules = createIgnoreRules([]);
    for (const path of ['.git', 'a/node_modules', 'a/b/.terraform']) expect(rules.prunes(path), path).to.equal(true);
    for (const path of ['git', 'a', '.github', 'terraform.tfstate.d']) expect(rules.prunes(path), path).to.equal(false);
  });

  it('matches a glob without a slash at any depth, others from the root', () => {
    const rules = createIgnoreRules(['vendor', 'old/**', '**/tmp/', './x/*.tfstate', '']);
    for (const path of ['vendor', 'a/vendor', 'old', 'old/a', 'a/tmp']) expect(rules.prunes(path), path).to.equal(true);
    for (const path of ['a/old', 'vendors', 'x']) expect(rules.prunes(path), path).to.equal(false);
    expect(rules.hides('x/a.tfstate')).to.equal(true);
    expect(rules.hides('x/y/a.tfstate')).to.equal(false);
  });
});
