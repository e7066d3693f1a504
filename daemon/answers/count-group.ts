// What changes are counted by. Pure.
import { COUNT_GROUPS, type CountGroup } from '../store/queries-count.ts';
import type { Refuse } from './asked.ts';

/** `state` where none is asked for. */
export function parseGroup(text: string | undefined, refuse: Refuse): CountGroup {
  const label = /^label\.(.+)$/su.exec(text ?? '')?.[1];
  if (label !== undefined) return `label.${label}`;
  const group = COUNT_GROUPS.find((known) => known === (text ?? 'state'));
  if (group === undefined) throw refuse('by', `one of ${[...COUNT_GROUPS, 'label.<key>'].join(', ')}`);
  return group;
}
