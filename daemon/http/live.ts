// What only the running recorder knows or does: a port, declared beside its user.
import type { LiveStatus } from '../answers/status.ts';
import { ConfigError } from '../errors.ts';

export interface LiveRecorder {
  /** Undefined where none runs on this log. */
  status(): Promise<LiveStatus | undefined>;
  /** Looks at every state, then seals what is open; the tree size afterwards. Throws StatesealError. */
  seal(): Promise<{ readonly size: number }>;
}

/** Of a log that nobody writes: an archive, or a copy. */
export const NO_RECORDER: LiveRecorder = {
  status: () => Promise.resolve(undefined),
  seal: () =>
    Promise.reject(
      new ConfigError('daemon-not-running', 'expected a running recorder, got a log that nobody writes', {
        hint: 'seal where it is recorded: stateseal seal',
      }),
    ),
};
