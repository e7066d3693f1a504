// Two threads that call each other over one port: every method of the other side as a promise.
import { createCalls, toWireError, type Answer, type Call, type Calls, type Remote } from './recorder/wire.ts';

type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** A Worker, or the parent's port inside of one. */
export interface Port {
  postMessage(value: unknown): void;
  on(event: 'message', listener: (value: unknown) => void): unknown;
}

/** Answers with what `createOwn` makes, which may call the other side; `names`: the methods of that one. */
export function connectPeer<Theirs>(
  port: Port,
  createOwn: (theirs: Remote<Theirs>) => Methods,
  names: readonly (keyof Theirs)[],
): Pick<Calls<Theirs>, 'remote' | 'end'> {
  const { remote, settle, end } = createCalls<Theirs>(names, (call) => port.postMessage(call));
  const own = createOwn(remote);
  const answer = async ({ id, method, args }: Call<Methods>): Promise<void> => {
    try {
      port.postMessage({ id, result: await own[method]?.(...(args as readonly never[])) });
    } catch (error) {
      port.postMessage({ id, error: toWireError(error) });
    }
  };
  port.on('message', (value) => {
    const message = value as Call<Methods> | Answer;
    if ('method' in message) void answer(message);
    else settle(message);
  });
  return { remote, end };
}
