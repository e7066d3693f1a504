// What is watched and what nobody watches, by the newest inventories in the log.
import type { OpenLog } from './open-log.ts';
import type { JsonObject } from '../json/value.ts';
import { readSettings, type Labels } from '../store/labels.ts';
import { objectsAt, textAt } from '../store/queries-fields.ts';
import type { SourceInventory } from '../store/inventory.ts';

export interface Place {
  /** What its references begin with. */
  readonly prefix: string;
  /** '' where it is the reference's own. */
  readonly path: string;
  readonly states: number;
  readonly unwatched: number;
}

export interface Findings {
  readonly inventories: readonly SourceInventory[];
  /** Undefined when only what is not watched was asked for. */
  readonly places: readonly Place[] | undefined;
  readonly labelOf: (reference: string) => Labels;
  readonly nameOf: (reference: string) => string;
}

/** `isUnwatchedOnly`: places and sources are left out. */
export function readFindings(
  { queries, database }: Pick<OpenLog, 'queries' | 'database'>,
  isUnwatchedOnly: boolean,
): Findings {
  const inventories = queries.inventory.newest();
  const live = queries.states().filter(({ isRetired }) => !isRetired);
  const names = new Map(live.map(({ reference, name }) => [reference, name]));
  const unwatched = inventories.flatMap((inventory) => inventory.unwatched.map(({ reference }) => reference));
  const settings = readSettings(database) ?? {};
  const roots = objectsAt(settings, 'roots').map((root) => ({
    prefix: `dir:${textAt(root, 'label')}/`,
    path: textAt(root, 'path'),
  }));
  const others = inventories
    .filter(({ source }) => source.includes('://'))
    .map(({ source }) => ({ prefix: source, path: '' }));
  const places = [...roots, ...others].map(({ prefix, path }): Place => {
    const count = (references: Iterable<string>): number =>
      [...references].filter((reference) => reference.startsWith(prefix)).length;
    return { prefix, path, states: count(names.keys()), unwatched: count(unwatched) };
  });
  return {
    inventories,
    places: isUnwatchedOnly ? undefined : places,
    labelOf: queries.labels.labeller(),
    nameOf: (reference) => names.get(reference) ?? '',
  };
}

/** One object per source, place, unwatched or silent state, and problem. */
export function findingsJson({ inventories, places, labelOf, nameOf }: Findings): JsonObject[] {
  return [
    ...(places ?? []).map((place): JsonObject => ({ object: 'place', ...place })),
    ...inventories.flatMap((inventory): JsonObject[] => {
      const { source, leafIndex: number, time, watched, unwatchedCount, unseenCount, isWhole } = inventory;
      const head = {
        object: 'source',
        source,
        number,
        time,
        watched,
        unwatched: unwatchedCount,
        silent: unseenCount,
        whole: isWhole,
      };
      const labelled = (reference: string): JsonObject => ({ reference, labels: { ...labelOf(reference) } });
      return [
        ...(places === undefined ? [] : [head]),
        ...inventory.unseen.map(({ reference, code, since }): JsonObject => {
          return { object: 'silent', source, ...labelled(reference), state: nameOf(reference), code, since };
        }),
        ...inventory.unwatched.map(({ reference, kind, reason, backend }): JsonObject => {
          const place = backend === undefined ? {} : { backend: { ...backend } };
          return { object: 'unwatched', source, ...labelled(reference), kind, reason, ...place };
        }),
        ...(places === undefined
          ? []
          : inventory.problems.map(({ code, message }): JsonObject => ({ object: 'problem', source, code, message }))),
      ];
    }),
  ];
}
