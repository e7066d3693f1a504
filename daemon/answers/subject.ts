// What a change did to one resource instance or output, as it is shown, filtered and put into JSON. Pure.
import type { NetChange, NetOutput } from '../store/queries-change.ts';

/** What every instance, output or record line is made of. */
export interface Subject extends Omit<NetChange, 'address'> {
  /** Address, or output.<name>, not escaped yet; the resource type of an output is ''. */
  readonly name: string;
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
