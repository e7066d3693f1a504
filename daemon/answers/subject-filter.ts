// Which instances and outputs of a change a filter asks for, and which of their values. Pure.
import type { ActionName, ChangeFilter } from '../store/queries-filter.ts';
import { matchesAddress, matchesGlob } from '../store/queries-glob.ts';
import { isTouched } from '../store/queries-list.ts';
import type { Subject } from './subject.ts';

/** A subject with the values that the filter asks for; undefined when the filter does not ask for it. */
export type SelectSubject = (subject: Subject) => Subject | undefined;

/** `otherNames`: what a literal address was called before and after its moves. */
export function createSelectSubject(filter: ChangeFilter, otherNames: readonly string[]): SelectSubject {
  const { address, resourceType, actions, path } = filter;
  const isNamed = (name: string): boolean =>
    address === undefined || otherNames.includes(name) || (name !== '' && matchesAddress(address, name));
  return (subject) => {
    if (!isNamed(subject.name) && !isNamed(subject.previousAddress)) return undefined;
    if (resourceType !== undefined && !matchesGlob(resourceType, subject.resourceType)) return undefined;
    if (actions !== undefined && !actions.some((action) => hasAction(subject.actions, action))) return undefined;
    if (path === undefined) return subject;
    const values = subject.values.filter((value) => isTouched(value, path));
    return values.length === 0 ? undefined : { ...subject, values };
  };
}

/** The same precedence as the counts: a replacement is neither a create nor a delete. */
function hasAction(actions: readonly string[], asked: ActionName): boolean {
  const isReplaced = actions.includes('create') && actions.includes('delete');
  if (asked === 'replace') return isReplaced;
  return actions.includes(asked) && !(isReplaced && (asked === 'create' || asked === 'delete'));
}
