// What people say of a record: asked for by `log`, shown by `show`, and what is still without an explanation.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { callDaemon } from '../../daemon/control.ts';
import { logCommand } from '../../daemon/commands/log.ts';
import { showCommand } from '../../daemon/commands/show.ts';
import { formatState } from '../support/canary-states.ts';
import { openWatched } from '../support/watched.ts';
import { openSampleChanges, type SampleChanges } from './sample-changes.ts';
import { linesOf, runCommand } from './test-context.ts';

describe('notes', () => {
  let log: SampleChanges;
  beforeEach(() => (log = openSampleChanges()));
  afterEach(() => log.close());

  const run = async (...args: readonly string[]): Promise<string> =>
    (await runCommand(logCommand, args, { dataDir: log.folder })).out;
  const numbers = async (...args: readonly string[]): Promise<readonly unknown[]> => {
    const out = await run(...args, '--json');
    return out === '' ? [] : linesOf(out).map((line) => (JSON.parse(line) as { readonly number: number }).number);
  };

  it('take a problem off the list of those without an explanation, change or record, at its time', async () => {
    expect(await numbers('--unexplained')).to.have.members([log.manual, log.missed]);
    const first = log.append('change.noted', { target: log.manual, text: 'rollout of INC-2041' });
    expect(await numbers('--unexplained')).to.deep.equal([log.missed]);
    log.append('change.noted', { target: log.missed, text: 'host rebooted' });
    expect(await numbers('--unexplained')).to.deep.equal([]);
    expect(await numbers('--problems')).to.have.members([log.manual, log.missed]);
    expect(await numbers('--unexplained', '--at-size', String(first))).to.have.members([log.manual, log.missed]);
  });

  it('of a step count for the change it belongs to', async () => {
    const change = log.queries.readChange(log.manual)?.summary.id ?? '';
    log.append('change.noted', { target: 99_999, change, text: 'about a step' });
    expect(await numbers('--unexplained')).to.deep.equal([log.missed]);
  });

  it('find emergencies, and changes by ticket', async () => {
    log.append('change.noted', { target: log.apply, text: 'pager', ticket: 'INC-2041', class: 'emergency' });
    log.append('change.noted', { target: log.manual, text: 'asked for', ticket: 'OPS-7' });
    expect(await numbers('--emergency')).to.deep.equal([log.apply]);
    expect(await numbers('--ticket', 'INC-*')).to.deep.equal([log.apply]);
    expect(await numbers('--ticket', 'OPS-7')).to.deep.equal([log.manual]);
    expect(await numbers('--ticket', 'OPS')).to.deep.equal([]);
  });

  it('made through the daemon name the change that their record is a step of', async () => {
    const root = mkdtempSync(join(tmpdir(), 'stateseal-notes-'));
    const watched = await openWatched({ roots: [root] });
    try {
      const state = (serial: number) =>
        formatState({
          serial,
          lineage: 'l',
          instances: [{ type: 'aws_x', name: 'v', attributes: { id: `${serial}` } }],
        });
      writeFileSync(join(root, 'terraform.tfstate'), state(1));
      await watched.settled();
      writeFileSync(join(root, 'terraform.tfstate'), state(2));
      await watched.settled();
      const [step] = watched.records('resource.changed');
      const payload = { target: step?.leafIndex, text: 'why', ticket: 'T-1', class: 'emergency' };
      await callDaemon(join(watched.dataDir, 'control.sock'), 'note', 5_000, payload);
      const [note] = watched.records('change.noted');
      expect(note?.record.data).to.include({ change: step?.record.data['change'], ticket: 'T-1', class: 'emergency' });
      const wrong = callDaemon(join(watched.dataDir, 'control.sock'), 'note', 5_000, { ...payload, class: 'urgent' });
      expect(await wrong.catch(String)).to.contain('expected one of emergency, exception, false-alarm');
    } finally {
      await watched.close();
      rmSync(root, { recursive: true });
    }
  });

  it('stand in the change with class and ticket', async () => {
    const change = log.queries.readChange(log.apply)?.summary.id ?? '';
    const data = { target: log.apply, change, text: 'database was full', ticket: 'INC-2041', class: 'emergency' };
    const number = log.append('change.noted', data);
    const { out } = await runCommand(showCommand, [String(log.apply)], { dataDir: log.folder });
    expect(out).to.contain(`#${number} change.noted 2026-06-23 14:02:12Z emergency  INC-2041  database was full`);
  });
});
