// One plan and one change of a test, written by hand, and the verdict on them as lines.
import type { Json } from '../../daemon/json/value.ts';
import type { Action, NetAction } from '../../daemon/record/data.ts';
import type { PlanAction } from '../../daemon/record/plan-data.ts';
import { judgeChange, type Judged } from '../../daemon/verdict/judge-change.ts';
import type { MadeItem, PlannedItem } from '../../daemon/verdict/judge-instance.ts';
import { NONE, shown } from './verdict-sides.ts';

interface Planned {
  readonly after?: Json;
  readonly unknown?: readonly string[];
  readonly deposed?: string;
  readonly from?: string;
  readonly strict?: boolean;
}

export function plan(address: string, actions: readonly PlanAction[], of: Planned = {}): PlannedItem {
  const { after, unknown = [], deposed = '', from, strict = false } = of;
  const isOutput = address.startsWith('output.');
  return {
    ...{
      address,
      deposed,
      previousAddress: from,
      isOutput,
      type: isOutput ? '' : 'thing',
      actions,
      isLenient: !strict,
    },
    after: after === undefined ? undefined : { ...shown(after), unknown },
  };
}

export interface Made {
  readonly before?: Json;
  readonly after?: Json;
  readonly did?: readonly Action[];
  readonly tainted?: boolean;
  readonly deposedLeft?: boolean;
}

interface Scene {
  readonly planned: readonly PlannedItem[];
  readonly made?: Readonly<Record<string, Made>>;
  /** Touched beside what is planned. */
  readonly beside?: readonly NetAction[];
  readonly outputs?: readonly string[];
  readonly adopted?: readonly string[];
}

export function judge({ planned, made = {}, beside = [], outputs = [], adopted = [] }: Scene): Judged {
  const netOf = (address: string): NetAction | undefined => {
    const did = made[address]?.did;
    return did && net(address, did);
  };
  const sideOf = (value: Json | undefined) => (value === undefined ? NONE : shown(value));
  return judgeChange(
    {
      items: planned,
      left: new Set(planned.flatMap(({ previousAddress }) => previousAddress ?? [])),
      isAdopted: (address, deposed) => adopted.includes(address + deposed),
    },
    {
      net: [...Object.keys(made).flatMap((address) => netOf(address) ?? []), ...beside],
      outputs,
      item: (item): MadeItem => {
        const { before, after, tainted = false, deposedLeft = false } = made[item.address] ?? {};
        const sides = { planned: item.after, before: sideOf(before), after: sideOf(after) };
        return { ...sides, isTainted: tainted, hasDeposedLeft: deposedLeft, net: netOf(item.address) };
      },
    },
  );
}

export const net = (address: string, actions: readonly Action[], more: Partial<NetAction> = {}): NetAction => ({
  ...{ address, resourceType: 'thing', actions },
  ...more,
});
export const told = (scene: Scene): readonly [string, ...string[]] => {
  const { verdict, reasons } = judge(scene);
  return [
    verdict,
    ...reasons.map(({ code, address = '', deposed = '', path = '' }) => `${code} ${address}${deposed}${path}`),
  ];
};
