// `stateseal show` of plan files: what people read, what machines read, and what nobody may read.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { showCommand } from '../../daemon/commands/show.ts';
import { parseJson } from '../../daemon/json/parse.ts';
import { isJsonObject, type JsonObject } from '../../daemon/json/value.ts';
import { comparable } from '../support/plan-comparison.ts';
import { expectRedacted } from '../support/plan-redaction.ts';
import { failureOf, runCommand } from './test-context.ts';

const PLANS = 'test/fixtures/terraform/plans';
const SECRETS = ['VAR-SENSITIVE-PW', 'EPHEMERAL-VAR', 'ENV-SENSITIVE', 'tok-ec7297c8c7072c34', 'data-secret-check'];

async function show(path: string, ...flags: readonly string[]): Promise<string> {
  const answer = await runCommand(showCommand, ['./plan', ...flags], { files: { './plan': readFileSync(path) } });
  expect(answer.code).to.equal(0);
  return answer.out;
}

describe('stateseal show, of a plan', () => {
  it('reads as people know it from terraform plan', async () => {
    expect(await show(`${PLANS}/rich-replace.tfplan`)).to.equal(`\
plan   Terraform 1.11.4   for serial 19, lineage cfccde5f   made 2026-11-23T01:59:29Z

 <= data.fake_lookup.c
      + id       "lk-check"
      + key      "check"
      + secret   (sensitive value)
      + value    (hidden by policy)
+/- fake_thing.cbd
      ~ arn         "arn:fake:thing::123456789012:th-0d81677c3b35" -> (known after apply)
      ~ force_new   (hidden by policy, changed)
      ~ id          "th-0d81677c3b35" -> (known after apply)
      ~ note        "note of cbd" -> (known after apply)
      ~ token       (sensitive value) -> (known after apply)
  ~ fake_thing.secretful
      ~ size   "12345678901234567000" -> "12345678901234567890.25"
-/+ terraform_data.td
      ~ id                    "72dcfc9a-6f1b-c98a-8ffe-8c9d5784afdd" -> (known after apply)
      + output                (known after apply)
      - output.n              (hidden by policy)
      - output.pw             (sensitive value)
      ~ triggers_replace[0]   (hidden by policy, changed)

Checks that do not pass:
  check.health   fail

Plan: 2 to add, 1 to change, 2 to destroy.
`);
  });

  it('says what cannot be applied, and what had changed outside', async () => {
    expect(await show(`${PLANS}/errored.tfplan`)).to.include(
      'Plan: 0 to add, 2 to change, 0 to destroy.\nThe plan ended in an error',
    );
    expect(await show(`${PLANS}/refresh-only-drift.tfplan`))
      .to.include('refresh-only')
      .and.include('Changed outside of Terraform since the last apply:\n  ~ fake_thing.a\n');
    expect(await show(`${PLANS}/create-from-empty.tfplan`)).to.include('for a new state');
  });

  it('--json has the shape of terraform show -json; what is hidden is null and masked', async () => {
    const printed = readFileSync(`${PLANS}/rich-replace.show.json`);
    const saved = readFileSync(`${PLANS}/rich-replace.tfplan`);
    await expectRedacted({ saved, printed, shown: parse(printed.toString()) });
  });

  it('a JSON plan reads as the saved plan it was printed from', async () => {
    const [saved, printed] = await Promise.all([
      show(`${PLANS}/rich-replace.tfplan`, '--json'),
      show(`${PLANS}/rich-replace.show.json`, '--json'),
    ]);
    expect(comparable(parse(printed))).to.deep.equal(comparable(parse(saved)));
  });

  it('shows none of the secrets that stand in the file', async () => {
    for (const name of ['rich-replace', 'errored', 'create-from-empty', 'refresh-only-drift', 'aws-create']) {
      for (const flags of [[], ['--json']]) {
        const out = await show(`${PLANS}/${name}.tfplan`, ...flags);
        for (const secret of [...SECRETS, 'Sup3rS3cretDB', 'leaky-env-token']) expect(out).not.to.include(secret);
      }
    }
  });

  it('names an encrypted plan, and refuses what is no plan', async () => {
    expect(await show('test/fixtures/terraform/opentofu-synthetic/encrypted.tfplan')).to.equal(
      'plan   encrypted by OpenTofu: nothing in it can be read without its key\n',
    );
    const files = { './plan': readFileSync(`${PLANS}/rich-replace.tfplan`).subarray(0, 5000) };
    expect(await failureOf(showCommand, ['./plan'], { files })).to.include({ code: 'plan-archive-malformed' });
  });
});

function parse(text: string): JsonObject {
  const json = parseJson(Buffer.from(text.trimEnd()));
  if (!isJsonObject(json)) throw new Error('expected an object');
  return json;
}
