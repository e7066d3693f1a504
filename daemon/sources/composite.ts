// Several sources as one: every reference belongs to the first source that owns it. One recorder, one intake, whatever
// stands behind. Knows nothing of what the sources are.
import { ConfigError } from '../errors.ts';
import type { DiscoveredState, SourceProblem, StateReference, StateSighting, StateSource } from './source.ts';

export function openCompositeSource(sources: readonly StateSource[]): StateSource {
  const ownerOf = (uri: string): StateSource => {
    const owner = sources.find((source) => source.owns(uri));
    if (owner === undefined) throw unknownReference();
    return owner;
  };
  return {
    owns: (uri) => sources.some((source) => source.owns(uri)),
    nameOf: (uri) => ownerOf(uri).nameOf(uri),
    async discover() {
      const found = await Promise.all(sources.map((source) => source.discover()));
      return withoutRepeats(found.flat());
    },
    // A throw of the routing is a rejection, as every other failure of a look.
    look: async (reference: StateReference, cursor: string): Promise<StateSighting> =>
      ownerOf(reference.uri).look(reference, cursor),
    onPoke(listener) {
      for (const source of sources) source.onPoke(listener);
    },
    onPlan(listener) {
      for (const source of sources) source.onPlan?.(listener);
    },
    async start() {
      await Promise.all(sources.map((source) => source.start()));
    },
    problems: (): readonly SourceProblem[] => sources.flatMap((source) => source.problems()),
    async close() {
      // All of them, also when one fails: a source left open would keep the process from ending.
      const ends = await Promise.allSettled(sources.map((source) => source.close()));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },
  };
}

/** The same state by two sources (a prefix within another one) is watched once. */
function withoutRepeats(states: readonly DiscoveredState[]): readonly DiscoveredState[] {
  const byUri = new Map<string, DiscoveredState>();
  for (const state of states) {
    const known = byUri.get(state.reference.uri);
    if (known === undefined || (!known.isWatched && state.isWatched)) byUri.set(state.reference.uri, state);
  }
  return [...byUri.values()];
}

function unknownReference(): ConfigError {
  return new ConfigError('reference-unknown', 'expected a reference of a configured source, got another', {
    hint: 'its root, bucket or backend was removed from the configuration',
  });
}
