// Signals around the child: it is in our process group and gets what the group gets by itself; what was sent to us alone
// is passed on; nothing of it ends us before the child has ended.
import type { ChildProcess } from 'node:child_process';
import { Sentinel } from './sentinel.ts';

const RELAYED = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

export interface SignalRelay {
  /** Right after the start of the child: until then signals wait. */
  attach(child: ChildProcess): void;
  /** From here on a signal ends the waiting of `impatience`. */
  childEnded(): void;
  /** Resolves when somebody asks us to end although the child has. */
  readonly impatience: Promise<void>;
  close(): void;
}

/**
 * Called before the child is started, so that no signal can end us and leave it alone. `ignored`: signals that the
 * caller ignores; the child ignores them, too.
 */
export function relaySignals(ignored: ReadonlySet<string>): SignalRelay {
  const undo: (() => void)[] = [];
  let pair: Pair | undefined;
  let hasEnded = false;
  let lose: () => void = () => undefined;
  const impatience = new Promise<void>((resolve) => (lose = resolve));
  const on = (signal: NodeJS.Signals, listener: () => void): void => {
    process.on(signal, listener);
    undo.push(() => process.off(signal, listener));
  };
  for (const signal of RELAYED) {
    on(signal, () => {
      if (ignored.has(signal)) return;
      if (hasEnded) lose();
      else if (pair !== undefined) void passOn(pair, signal);
    });
  }
  return {
    impatience,
    attach: (child) => {
      const sentinel = new Sentinel();
      pair = { child, sentinel };
      undo.push(relayStop(pair), () => sentinel.close());
    },
    childEnded: () => (hasEnded = true),
    close: () => undo.forEach((step) => step()),
  };
}

interface Pair {
  readonly child: ChildProcess;
  readonly sentinel: Sentinel;
}

async function passOn({ child, sentinel }: Pair, signal: NodeJS.Signals): Promise<void> {
  if (!(await sentinel.hasGot(signal))) child.kill(signal);
}

/** Ctrl-Z, and back: we stop by the same signal, as the shell that looks at us expects. */
function relayStop(pair: Pair): () => void {
  const stop = (): void => void stopBoth(pair, () => process.off('SIGTSTP', stop));
  const goOn = (): void => {
    process.off('SIGTSTP', stop);
    process.on('SIGTSTP', stop);
    pair.child.kill('SIGCONT');
  };
  process.on('SIGTSTP', stop);
  process.on('SIGCONT', goOn);
  return () => {
    process.off('SIGTSTP', stop);
    process.off('SIGCONT', goOn);
  };
}

async function stopBoth({ child, sentinel }: Pair, letGo: () => void): Promise<void> {
  if (!(await sentinel.hasGot('SIGTSTP'))) child.kill('SIGTSTP');
  letGo();
  // Without a listener the system's own way applies: it stops us, unless nobody could wake us again.
  process.kill(process.pid, 'SIGTSTP');
}
