// What `stateseal secret check` found, in words; never the value. Pure.
import type { JsonObject } from '../json/value.ts';
import { escapeText, type Palette } from '../terminal.ts';
import { formatDateTime } from './render-change.ts';
import { formatPath } from './render-value.ts';
import type { SearchResult, Sighting } from './secret-search.ts';
import { formatTable } from './render-table.ts';

/** Ends with a newline. */
export function formatSightings({ sightings, isKnownSecret, uncheckedCount }: SearchResult, palette: Palette): string {
  const rows = sightings.map((sighting) => [
    { text: whenOf(sighting), paint: palette.dim },
    { text: escapeText(sighting.state), paint: palette.bold },
    { text: escapeText(sighting.address) },
    { text: formatPath(sighting.path) || '(the whole value)' },
    { text: sighting.isShown ? 'SHOWN IN CLEAR' : 'hidden', paint: sighting.isShown ? palette.warning : palette.dim },
  ]);
  const verdict =
    sightings.length === 0
      ? 'not found as a value of any state this log has seen.'
      : `found at ${sightings.length} ${sightings.length === 1 ? 'place' : 'places'}.`;
  const notes = [
    ...(isKnownSecret ? ['It is known as a secret here, or contains one: it is hidden wherever it comes again.'] : []),
    ...(sightings.some(({ isShown }) => isShown)
      ? [
          'Shown in clear: the log and its archive hold the value at these places. Rotate it, and hide the path in the configuration.',
        ]
      : []),
    ...(uncheckedCount > 0
      ? [`${uncheckedCount} hidden values could not be checked: the key of their epoch is gone.`]
      : []),
  ];
  return `${[...formatTable(rows, 0), verdict, ...notes].join('\n')}\n`;
}

export function sightingJson({ where, state, address, path, number, time, isShown }: Sighting): JsonObject {
  return {
    object: 'sighting',
    where,
    state,
    address,
    path,
    ...(number < 0 ? {} : { number }),
    ...(time === '' ? {} : { time }),
    shown: isShown,
  };
}

function whenOf({ where, number, time }: Sighting): string {
  if (where === 'state') return 'now';
  return `${formatDateTime(time, 'minutes')} #${number}${where === 'baseline' ? ' (first sight)' : ''}`;
}
