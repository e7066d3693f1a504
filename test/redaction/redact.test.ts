// One tree: marks, schemas, rules, taint and defaults, and the paths they hide.
import { expect } from 'chai';
import { NumberText, type Json } from '../../daemon/json/value.ts';
import { createMarks, resolvePath, type MarkedPath } from '../../daemon/redaction/marks.ts';
import { redactTree, type RedactedTree } from '../../daemon/redaction/redact.ts';
import { schemaOf } from '../../daemon/redaction/schema-rules.ts';
import { newTaint, openPolicy, policy } from './support.ts';

function marked(tree: Json, ...paths: readonly (readonly (string | number)[])[]): RedactedTree {
  const marks = createMarks(paths.map((steps): MarkedPath => ({ steps: resolvePath(tree, steps), by: 'mark' })));
  return redactTree(tree, { policy: openPolicy, taint: newTaint(), marks });
}

function hiddenPaths({ hidden }: RedactedTree): readonly string[] {
  return hidden.map(({ path, by }) => `${by} ${path}`);
}

describe('redaction/redact', () => {
  it('hides a marked scalar of any type, but not null', () => {
    const tree = { a: 'text', b: 7, c: false, d: null, e: new NumberText('1.0'), f: '' };
    const redacted = marked(tree, ['a'], ['b'], ['c'], ['d'], ['e'], ['f']);
    expect(redacted.value).to.deep.equal({ a: null, b: null, c: null, d: null, e: null, f: null });
    expect(hiddenPaths(redacted)).to.deep.equal(['mark /a', 'mark /b', 'mark /c', 'mark /e', 'mark /f']);
    expect(redacted.hidden.map(({ value }) => value)).to.deep.equal(['text', 7, false, tree.e, '']);
  });

  it('hides a marked container whole, its keys too', () => {
    const redacted = marked({ users: { alice: { role: 'r' } }, rule: [] }, ['users'], ['rule']);
    expect(redacted.value).to.deep.equal({ users: null, rule: null });
    expect(hiddenPaths(redacted)).to.deep.equal(['mark /users', 'mark /rule']);
  });

  it('follows paths through lists, odd keys and dynamically typed values', () => {
    const tree = {
      list: [{ v: 'x' }, { v: 'y' }],
      users: { 'a/b~c': { role: 'r' } },
      dyn: { value: { pw1: 'x', n: 1 }, type: ['object', { pw1: 'string', n: 'number' }] },
    };
    const redacted = marked(tree, ['list', 1, 'v'], ['users', 'a/b~c', 'role'], ['dyn', 'pw1']);
    expect(hiddenPaths(redacted)).to.deep.equal(['mark /list/1/v', 'mark /users/a~1b~0c/role', 'mark /dyn/value/pw1']);
    expect(redacted.value).to.deep.equal({
      list: [{ v: 'x' }, { v: null }],
      users: { 'a/b~c': { role: null } },
      dyn: { value: { pw1: null, n: 1 }, type: tree.dyn.type },
    });
  });

  it('hides the whole attribute when a path leads nowhere', () => {
    expect(hiddenPaths(marked({ a: { b: 'x' }, c: 'y' }, ['a', 'nothing', 'here']))).to.deep.equal(['mark /a']);
    expect(hiddenPaths(marked({ a: ['x'], c: 'y' }, ['a', 5]))).to.deep.equal(['mark /a']);
  });

  it('never changes the raw tree, and gives back the parts in which nothing is hidden', () => {
    const tree = { open: { x: ['a', 'b'] }, secret: 's3cret' };
    const copy = structuredClone(tree);
    const redacted = redactTree(tree, { policy: openPolicy, taint: newTaint() });
    expect(tree).to.deep.equal(copy);
    expect((redacted.value as typeof tree).open).to.equal(tree.open);
  });

  it('hides each scalar below a secret-like key, but not what is only about it', () => {
    const tree = { auth: [{ user: 'joe', port: 1, on: true, secret_arn: 'arn:aws:s3:::x', nothing: null }] };
    const redacted = redactTree(tree, { policy, taint: newTaint() });
    expect(hiddenPaths(redacted)).to.deep.equal(['rule /auth/0/user', 'rule /auth/0/port', 'rule /auth/0/on']);
  });

  it('shows booleans of switches, and counts what it shows', () => {
    const tree = {
      manage_master_user_password: true,
      enable_password: true,
      password: true,
      n: 1,
      name: 'x',
      none: null,
    };
    const redacted = redactTree(tree, { policy, taint: newTaint() });
    expect(hiddenPaths(redacted)).to.deep.equal(['rule /password']);
    expect(redacted.shownCount).to.equal(4);
  });

  it('hides what a provider declares sensitive, marked or not', () => {
    const tree = { name: 'db', user: [{ username: 'u', password: 'p' }] };
    const redacted = redactTree(tree, { policy: openPolicy, taint: newTaint(), schema: schemaOf('aws_mq_broker') });
    expect(hiddenPaths(redacted)).to.deep.equal(['rule /user/0/password']);
    const secret = redactTree(
      { data: { 'k.txt': 'v' } },
      { policy: openPolicy, taint: newTaint(), schema: schemaOf('kubernetes_secret') },
    );
    expect(secret.value).to.deep.equal({ data: null });
  });

  it('hides a string or long number that the taint covers', () => {
    const taint = newTaint('hunter22-zebra', '8371920466', '12345678901234567890.25');
    const tree = {
      name: 'x-hunter22-zebra-y',
      id: 8371920466,
      size: new NumberText('12345678901234567890.250'),
      port: 443,
    };
    const redacted = redactTree(tree, { policy, taint });
    expect(hiddenPaths(redacted)).to.deep.equal(['taint /name', 'taint /id', 'taint /size']);
  });

  it('hides a map whole when a key of it holds a secret, and leaves names of attributes alone', () => {
    const taint = newTaint('hunter22-zebra', 'setting');
    const tree = { setting: [{ m: { 'x-hunter22-zebra': 'v', b: 'w' }, n: { b: 'w' } }] };
    const redacted = redactTree(tree, { policy: openPolicy, taint });
    expect(hiddenPaths(redacted)).to.deep.equal(['taint /setting/0/m']);
    expect(redacted.value).to.deep.equal({ setting: [{ m: null, n: { b: 'w' } }] });
  });

  it('hides the type of a dynamic value when it spells a secret key', () => {
    const type = ['object', { 'hunter22-zebra': 'string' }] as const;
    const redacted = redactTree(
      { input: { value: { 'hunter22-zebra': 'x' }, type } },
      { policy: openPolicy, taint: newTaint('hunter22-zebra') },
    );
    expect(JSON.stringify(redacted.value)).to.equal('{"input":{"value":null,"type":null}}');
  });

  it('treats __proto__ and constructor as any other key', () => {
    const tree = JSON.parse('{"__proto__": {"password": "p"}, "constructor": {"password": "p"}}') as Json;
    const redacted = redactTree(tree, { policy, taint: newTaint() });
    expect(hiddenPaths(redacted)).to.deep.equal(['rule /__proto__/password', 'rule /constructor/password']);
    expect(JSON.stringify(redacted.value)).to.equal('{"__proto__":{"password":null},"constructor":{"password":null}}');
    const direct = redactTree(JSON.parse('{"m":{"__proto__": "free text here", "name": "x"}}') as Json, {
      policy,
      taint: newTaint(),
    });
    expect(JSON.stringify(direct.value)).to.equal('{"m":{"__proto__":null,"name":"x"}}');
  });

  it('takes the key of an output for the key of its value', () => {
    const context = { policy, taint: newTaint() };
    expect(redactTree('p', { ...context, key: 'db_password' }).hidden).to.have.length(1);
    expect(redactTree('vpc-0c02c46fcf3d5f691', { ...context, key: 'vpc_id' }).hidden).to.have.length(0);
    expect(
      redactTree(['a-b', { x: 'free text' }], { ...context, key: 'names' }).hidden.map(({ path }) => path),
    ).to.deep.equal(['/1/x']);
  });
});
