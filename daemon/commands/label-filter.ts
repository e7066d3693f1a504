// Labels as people ask for them: --env prod, --label team=network. Pure.
import type { LabelFilter } from '../store/labels.ts';
import { usageError, type Arguments } from './arguments.ts';

/** The options of a verb that filters by labels. */
export const LABEL_OPTIONS = {
  env: { type: 'string', multiple: true },
  label: { type: 'string', multiple: true },
} as const;

/**
 * Several values of one key are alternatives, several keys must all fit; `team=` asks for states without a team.
 * Undefined when no label was asked for. Throws ConfigError `usage`.
 */
export function parseLabels(verb: string, given: Arguments): readonly LabelFilter[] | undefined {
  const wanted = [...(given.list('env') ?? []).map((value) => `env=${value}`), ...(given.list('label') ?? [])];
  if (wanted.length === 0 && !given.has('env') && !given.has('label')) return undefined;
  const byKey = new Map<string, string[]>();
  for (const text of wanted) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/su.exec(text) ?? [];
    if (key === '') throw usageError(verb, 'expected <key>=<value> after --label, got something else');
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  if (byKey.size === 0) throw usageError(verb, 'expected a label after --env or --label, got none');
  return [...byKey].map(([key, values]) => ({ key, values }));
}
