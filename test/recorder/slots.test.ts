// Work in slots: never more at once than there are, in order, and a failure frees its slot.
import { expect } from 'chai';
import { createSlots } from '../../daemon/recorder/slots.ts';

describe('slots', () => {
  it('run so many at once, the others in order, also after failures', async () => {
    const slots = createSlots(2);
    const order: number[] = [];
    let now = 0;
    let most = 0;
    const work = (number: number) => async (): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      order.push(number);
      await Promise.resolve();
      now -= 1;
      if (number % 2 === 1) throw new Error('odd');
    };
    const all = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((number) => slots.run(work(number))));
    expect(all.map(({ status }) => status === 'fulfilled')).to.deep.equal([true, false, true, false, true, false]);
    expect([most, order]).to.deep.equal([2, [0, 1, 2, 3, 4, 5]]);
    await slots.run(work(6));
    expect(now).to.equal(0);
  });
});
