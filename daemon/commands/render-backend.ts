// The state backend in words: where it listens, what it keeps, whom it refused.
import type { BackendStatus } from '../backend-door.ts';
import { escapeText } from '../terminal.ts';

const REFUSALS: Readonly<Record<keyof BackendStatus['refused'], string>> = {
  unauthorized: 'without a credential',
  forbidden: 'for another state',
  locked: 'for a lock',
  malformed: 'malformed',
  failed: 'not recordable or not storable',
};

export function formatBackend({ url, states, storage, closed, refused }: BackendStatus): readonly string[] {
  const counts = Object.entries(REFUSALS).flatMap(([why, words]) => {
    const count = refused[why as keyof BackendStatus['refused']];
    return count === 0 ? [] : [`${count} ${words}`];
  });
  const places = storage.map((place) => escapeText(place)).join(', ');
  const kept = `${states} ${states === 1 ? 'state' : 'states'} in ${places}`;
  return [
    `backend    ${escapeText(url)}/state/<name>   ${kept}`,
    ...(counts.length === 0 ? [] : [`           refused: ${counts.join(', ')}`]),
    ...(closed.length === 0
      ? []
      : [
          `           no credential, so all is refused: ${closed.slice(0, 8).join(', ')}${closed.length > 8 ? ', …' : ''}`,
          `           stateseal backend credential add ${closed[0] ?? ''} <name>`,
        ]),
  ];
}
