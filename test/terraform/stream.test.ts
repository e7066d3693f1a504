// -json streams of real runs, whole and cut: what is said to have landed, failed, begun, never begun.
import { expect } from 'chai';
import { parseStream } from '../../daemon/terraform/stream.ts';
import { encode, listFixtures, readFixture } from './fixtures.ts';

const SECRET = 'canary-9Kd3wYx7';

function toLines(bytes: Uint8Array): string[] {
  const { resources } = parseStream(bytes);
  return resources.map(({ address, action, outcome, seconds }) =>
    [outcome, action, address, ...(seconds === undefined ? [] : [seconds])].join(' '),
  );
}

const fixture = (name: string): Buffer => readFixture(`streams/${name}.jsonl`);

/** A line as Terraform writes it, with a secret wherever it leaks one. */
function hook(type: string, addr: string, action: string, seconds?: number): string {
  const resource = { addr, module: '', resource: addr, resource_type: 't', resource_name: 'n', resource_key: null };
  const timed = seconds === undefined ? {} : { elapsed_seconds: seconds };
  const told = { resource, action, id_key: 'id', id_value: SECRET, output: SECRET, ...timed };
  return JSON.stringify({ '@level': 'info', '@message': `${addr}: ${SECRET}`, type, hook: told });
}

const planned = (addr: string, action: string): string =>
  JSON.stringify({ '@message': SECRET, type: 'planned_change', change: { resource: { addr }, action } });

const of = (...lines: readonly string[]): string[] => toLines(encode(`${lines.join('\n')}\n`));

describe('a -json stream', () => {
  it('of an apply in which a provisioner fails', () => {
    expect(toLines(fixture('apply-provisioner-progress-error'))).to.deep.equal([
      'errored create terraform_data.p 11',
      'complete create fake_thing.slow 12',
      'complete update fake_thing.a 0',
    ]);
    const { summaries, errors } = parseStream(fixture('apply-provisioner-progress-error'));
    expect(summaries).to.deep.equal([{ operation: 'plan', add: 2, change: 1, remove: 0, import: 0 }]);
    expect(errors).to.equal(1);
  });

  it('a deposed object that cannot be deleted: it began, and nothing tells its end', () => {
    expect(toLines(fixture('rich-apply-deposed-error'))).to.deep.equal([
      'complete delete terraform_data.td 0',
      'complete create terraform_data.td 0',
      'complete open ephemeral.fake_secret.pw 0',
      'complete update fake_thing.secretful 0',
      'complete create fake_thing.cbd 0',
      'started delete fake_thing.cbd',
      'complete read data.fake_lookup.c 0',
    ]);
  });

  it('what is forgotten has no line of its own', () => {
    expect(toLines(fixture('apply-move-forget-import'))).to.deep.equal([
      'complete update fake_thing.a 0',
      'complete update fake_thing.c 0',
      'complete update fake_thing.imp 0',
      'untold forget fake_thing.b[1]',
    ]);
  });

  it('of a destroy, of nothing, of a stale plan, of a lock that was held, of a broken configuration', () => {
    expect(toLines(fixture('destroy'))).to.deep.equal([
      'complete delete terraform_data.p 0',
      'complete delete fake_thing.a 0',
      'complete delete fake_thing.slow 12',
    ]);
    for (const name of ['apply-noop', 'apply-stale-plan', 'plan-lock-held', 'plan-config-error']) {
      expect(toLines(fixture(name)), name).to.deep.equal([]);
    }
  });

  it('of a plan: nothing of it landed', () => {
    expect(toLines(fixture('plan-error'))).to.deep.equal([
      'not-started update fake_thing.c',
      'not-started update fake_thing.a',
    ]);
    for (const path of listFixtures('streams').filter((name) => /plan/u.test(name))) {
      const landed = parseStream(readFixture(path)).resources.filter(
        ({ action, outcome }) => outcome === 'complete' && !['read', 'open', 'close'].includes(action),
      );
      expect(landed, path).to.deep.equal([]);
    }
  });

  it('each sample, cut in the middle of every line: nothing landed that no line says', () => {
    for (const path of listFixtures('streams')) {
      const whole = readFixture(path);
      const lines = whole.toString().split('\n');
      for (let count = 0; count <= lines.length; count += 1) {
        const kept = lines.slice(0, count);
        const half = (lines[count] ?? '').slice(0, Math.max(0, (lines[count] ?? '').length / 2));
        const { resources } = parseStream(encode([...kept, half].join('\n')));
        const told = kept.map((line) => line.match(/"type":"(?:apply|ephemeral_op)_complete"/u)).filter(Boolean);
        const landed = resources.filter(({ outcome }) => outcome === 'complete');
        expect(landed.length, `${path} after ${count} lines`).to.equal(told.length);
        for (const { address } of landed) expect(kept.join('\n')).to.contain(JSON.stringify(address));
      }
    }
  });

  it('a replacement that was cut short names the half that was not begun', () => {
    expect(
      of(
        planned('a.b', 'replace'),
        planned('a.c', 'replace'),
        hook('apply_start', 'a.b', 'delete'),
        hook('apply_complete', 'a.b', 'delete', 1),
      ),
    ).to.deep.equal([
      'complete delete a.b 1',
      'not-started create a.b',
      'not-started delete a.c',
      'not-started create a.c',
    ]);
  });

  it('two objects under one address each have their end', () => {
    expect(
      of(
        hook('apply_start', 'a.b', 'delete'),
        hook('apply_start', 'a.b', 'delete'),
        hook('apply_complete', 'a.b', 'delete', 2),
      ),
    ).to.deep.equal(['complete delete a.b 2', 'started delete a.b']);
  });

  it('of OpenTofu, and with types and words of later versions', () => {
    expect(
      of(
        JSON.stringify({ type: 'version', tofu: '1.12.6' }),
        hook('ephemeral_action_started', 'ephemeral.a.b', 'open'),
        hook('ephemeral_action_complete', 'ephemeral.a.b', 'open', 0),
        hook('action_start', 'a.b', 'create'),
        hook('apply_start', 'a.b', 'invented'),
        hook('apply_start', 'a.b', 'noop'),
      ),
    ).to.deep.equal(['complete open ephemeral.a.b 0']);
  });

  it('says that the run was asked to stop', () => {
    const line = JSON.stringify({ type: 'log', '@message': '\nInterrupt received.\nPlease wait for Terraform' });
    expect(parseStream(encode(line)).isInterrupted).to.equal(true);
    expect(parseStream(encode(hook('apply_start', 'a.b', 'create'))).isInterrupted).to.equal(false);
  });

  it('gives nothing but addresses, words and numbers', () => {
    const diagnostic = { severity: 'error', summary: SECRET, detail: SECRET, snippet: { code: SECRET, values: [] } };
    const text = [
      JSON.stringify({ '@message': SECRET, type: 'diagnostic', diagnostic }),
      JSON.stringify({ type: 'change_summary', changes: { operation: SECRET, add: SECRET } }),
      hook('apply_start', 'a.b', 'create'),
      hook('provision_progress', 'a.b', ''),
      hook('apply_errored', 'a.b', 'create', 3),
      hook('apply_start', `a.b ${SECRET}`, 'create'),
      hook('apply_start', 'a.b', SECRET),
      planned(SECRET, 'create'),
      `diagnostic {"type": "${SECRET}`,
    ].join('\n');
    const facts = parseStream(encode(text));
    expect(JSON.stringify(facts)).not.to.contain(SECRET);
    expect(facts).to.include({ lines: 9, errors: 1, unlisted: 2 });
    expect(facts.resources).to.deep.equal([{ address: 'a.b', action: 'create', outcome: 'errored', seconds: 3 }]);
  });

  it('is bounded: lines, addresses, operations', () => {
    const long = 'x'.repeat(1100);
    const facts = parseStream(
      encode(
        [
          hook('apply_start', `a.${long}`, 'create'),
          hook('apply_start', 'a.b', 'create').replace('"type"', `"pad":"${'p'.repeat(1024 * 1024)}","type"`),
          ...Array.from({ length: 20_010 }, (_, index) => hook('apply_start', `a.b[${index}]`, 'create')),
        ].join('\n'),
      ),
    );
    expect(facts.resources.length).to.equal(20_000);
    expect(facts.unlisted).to.equal(11);
  });
});
