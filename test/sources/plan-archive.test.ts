// The archive of a saved plan when somebody wants to mislead, exhaust or crash what reads it.
import { expect } from 'chai';
import { ParseError } from '../../daemon/errors.ts';
import { openPlanArchive } from '../../daemon/sources/plan-archive.ts';
import { writeZip, type ZipEntry } from '../support/zip-writer.ts';
import { readFixture } from '../terraform/fixtures.ts';

const PLAN: ZipEntry = { name: 'tfplan', bytes: Buffer.from('plan bytes') };
const STATE: ZipEntry = { name: 'tfstate', bytes: Buffer.from('{"state":1}') };

async function failureOf(archive: Uint8Array, limits?: Parameters<typeof openPlanArchive>[1]): Promise<string> {
  try {
    await openPlanArchive(archive, limits);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    expect(`${error.message} ${error.hint}`).not.to.include('CANARY');
    return error.code;
  }
  return 'none';
}

describe('the archive of a saved plan', () => {
  it('gives plan, state and lock file, packed or stored', async () => {
    const parts = await openPlanArchive(writeZip([PLAN, { ...STATE, method: 0 }]));
    expect(Buffer.from(parts.plan).toString()).to.equal('plan bytes');
    expect(Buffer.from(parts.state ?? []).toString()).to.equal('{"state":1}');
    expect(parts.lockFile).to.equal(undefined);
  });

  it('is refused at every length but its own', async () => {
    const whole = readFixture('plans/create-from-empty.tfplan');
    for (let length = 0; length < whole.length; length += 7) {
      expect(await failureOf(whole.subarray(0, length)), String(length)).to.equal('plan-archive-malformed');
    }
  });

  it('without a plan is none', async () => {
    expect(await failureOf(writeZip([STATE]))).to.equal('not-a-plan');
    expect(await failureOf(writeZip([]))).to.equal('not-a-plan');
  });

  it('cannot inflate to more than it says, and cannot say more than it could hold', async () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    expect(
      await failureOf(writeZip([{ name: 'tfplan', bytes: zeros }]), { maxBytes: 1024 * 1024, maxEntries: 10 }),
    ).to.equal('plan-too-large');
    expect(await failureOf(writeZip([{ name: 'tfplan', bytes: zeros, claimedBytes: 1000 }]))).to.equal(
      'plan-archive-malformed',
    );
    expect(await failureOf(writeZip([{ ...PLAN, claimedBytes: 500 * 1024 * 1024 }]))).to.equal(
      'plan-archive-malformed',
    );
  });

  it('with too many entries is refused before they are read', async () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ name: `tfconfig/${index}`, bytes: Buffer.alloc(1) }));
    expect(await failureOf(writeZip([PLAN, ...many]), { maxBytes: 1024, maxEntries: 20 })).to.equal('plan-too-large');
    expect(await failureOf(writeZip([PLAN], 65_000))).to.equal('plan-too-large');
  });

  it('whose entries share bytes is refused', async () => {
    const bomb: ZipEntry = { name: 'tfconfig/CANARY', bytes: Buffer.alloc(1000), pointsAt: 0 };
    expect(await failureOf(writeZip([PLAN, bomb]))).to.equal('plan-archive-malformed');
  });

  it('with names that lead outside, twice the same part, foreign compression, encryption or a wrong checksum is refused', async () => {
    const cases: readonly (readonly ZipEntry[])[] = [
      [PLAN, { name: '../../etc/CANARY', bytes: Buffer.alloc(3) }],
      [PLAN, { name: '/etc/CANARY', bytes: Buffer.alloc(3) }],
      [PLAN, { name: 'C:\\CANARY', bytes: Buffer.alloc(3) }],
      [PLAN, { ...PLAN, bytes: Buffer.from('another plan') }],
      [{ ...PLAN, method: 12 }],
      [{ ...PLAN, flags: 1 }],
      [{ ...PLAN, claimedCrc: 1 }],
    ];
    for (const entries of cases) expect(await failureOf(writeZip(entries))).to.equal('plan-archive-malformed');
  });
});
