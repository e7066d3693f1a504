// Labels as people ask for them: --env prod, --label team=network. Pure.
import type { LabelFilter } from '../store/labels.ts';
import type { Asked, Refuse } from './asked.ts';

/** The options of a verb that filters by labels. */
export const LABEL_OPTIONS = {
  env: { type: 'string', multiple: true },
  label: { type: 'string', multiple: true },
} as const;

/**
 * Several values of one key are alternatives, several keys must all fit; `team=` asks for states without a team.
 * Undefined when no label was asked for.
 */
export function parseLabels(asked: Asked, refuse: Refuse): readonly LabelFilter[] | undefined {
  const wanted = [...(asked.list('env') ?? []).map((value) => `env=${value}`), ...(asked.list('label') ?? [])];
  if (wanted.length === 0 && !asked.has('env') && !asked.has('label')) return undefined;
  const byKey = new Map<string, string[]>();
  for (const text of wanted) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/su.exec(text) ?? [];
    if (key === '') throw refuse('label', '<key>=<value>');
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  if (byKey.size === 0) throw refuse(asked.has('label') ? 'label' : 'env', 'a label');
  return [...byKey].map(([key, values]) => ({ key, values }));
}
