// What a change did to one resource instance or output, as it is shown, filtered and put into JSON. Pure.
import type { NetChange, NetOutput } from '../store/queries-change.ts';
import type { NetValue } from '../store/queries-net.ts';

/** What every instance, output or record line is made of. */
export interface Subject {
  /** Address, or output.<name>, not escaped yet. */
  readonly name: string;
  readonly deposed: string;
  readonly previousAddress: string;
  /** '' for an output. */
  readonly resourceType: string;
  readonly actions: readonly string[];
  readonly values: readonly NetValue[];
  readonly uncomparedCount: number;
  readonly isWhole: boolean;
}

export function toSubject(change: NetChange): Subject {
  return { ...change, name: change.address };
}

export function outputSubject(output: NetOutput): Subject {
  return {
    ...output,
    name: `output.${output.name}`,
    deposed: '',
    previousAddress: '',
    resourceType: '',
    uncomparedCount: 0,
  };
}
