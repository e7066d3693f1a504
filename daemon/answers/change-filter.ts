// Which changes are asked for: the parameters that `stateseal log` and the API have in common. Pure.
import { parseLabels } from './label-filter.ts';
import { readTime } from './time-filter.ts';
import { ParseError } from '../errors.ts';
import { parsePointer } from '../json/pointer.ts';
import { PROBLEM_VERDICTS, VERDICTS } from '../record/verdict-data.ts';
import { ACTION_NAMES, CHANGE_KINDS, type ChangeFilter } from '../store/queries-filter.ts';
import { parseWhole, parseWords, type Asked, type Refuse } from './asked.ts';

/** Throws what `refuse` makes of a parameter that cannot be used. */
export function parseChangeFilter(asked: Asked, nowMs: number, refuse: Refuse): ChangeFilter {
  return withoutUndefined({
    state: asked.text('state'),
    labels: parseLabels(asked, refuse),
    address: asked.text('address'),
    path: parsePath(asked, refuse),
    resourceType: asked.text('type'),
    actions: parseWords(asked, refuse, 'action', ACTION_NAMES),
    kinds: parseWords(asked, refuse, 'kind', CHANGE_KINDS),
    actor: asked.text('actor'),
    run: asked.text('run'),
    without: parseWithout(asked),
    sinceMs: readTime(asked, refuse, 'since', nowMs),
    untilMs: readTime(asked, refuse, 'until', nowMs),
    recordedSinceMs: readTime(asked, refuse, 'recorded-since', nowMs),
    atSize: parseWhole(asked, refuse, 'at-size'),
    verdicts: parseVerdicts(asked, refuse),
    problemsOnly: asked.has('problems') || asked.has('unexplained') ? true : undefined,
    isUnexplained: asked.has('unexplained') ? true : undefined,
    noteClass: asked.has('emergency') ? 'emergency' : undefined,
    ticket: asked.text('ticket'),
  });
}

function parseWithout(asked: Asked): ChangeFilter['without'] {
  const words = (['actor', 'run'] as const).filter((word) => asked.has(`no-${word}`));
  return words.length === 0 ? undefined : words;
}

/** Each parameter adds to what is asked for. */
function parseVerdicts(asked: Asked, refuse: Refuse): ChangeFilter['verdicts'] {
  const verdicts = [
    ...(parseWords(asked, refuse, 'verdict', VERDICTS) ?? []),
    ...(asked.has('no-plan') ? ['no-plan'] : []),
    ...(asked.has('beyond-plan') ? PROBLEM_VERDICTS : []),
  ];
  return verdicts.length === 0 ? undefined : [...new Set(verdicts)];
}

function parsePath(asked: Asked, refuse: Refuse): string | undefined {
  const text = asked.text('path');
  if (text === undefined || text === '') return undefined;
  try {
    parsePointer(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw refuse('path', 'a json pointer, like /password or /tags/Name');
  }
  return text;
}

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

function withoutUndefined(
  filter: Loose<Required<Omit<ChangeFilter, 'fromLeaf' | 'among' | 'recordTypes'>>>,
): ChangeFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
