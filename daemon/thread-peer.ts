// Two threads that call each other: every method of the other side as a promise, over one port. Errors cross as
// family, code, text and hint.
import { fromWireError, toWireError, type Remote, type WireError } from './recorder/wire.ts';

type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** A Worker, or the parent's port inside of one. */
export interface Port {
  postMessage(value: unknown): void;
  on(event: 'message', listener: (value: unknown) => void): unknown;
}

type Message =
  | { readonly is: 'call'; readonly id: number; readonly method: string; readonly args: readonly never[] }
  | { readonly is: 'answer'; readonly id: number; readonly result?: unknown; readonly error?: WireError };

export interface Peer<Theirs> {
  readonly calls: Remote<Theirs>;
  /** Fails what waits and everything asked later: the other side is gone. */
  readonly end: (error: Error) => void;
}

/** Answers with what `createOwn` makes, which may call the other side; `names`: the methods of that one. */
export function connectPeer<Theirs>(
  port: Port,
  createOwn: (theirs: Remote<Theirs>) => Methods,
  names: readonly (keyof Theirs & string)[],
): Peer<Theirs> {
  const waiting = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
  >();
  let lastId = 0;
  let ended: Error | undefined;
  const call = (method: string, args: readonly unknown[]): Promise<unknown> => {
    if (ended !== undefined) return Promise.reject(ended);
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      port.postMessage({ is: 'call', id, method, args });
    });
  };
  const entries = names.map((method) => [method, (...args: unknown[]) => call(method, args)]);
  const calls = Object.fromEntries(entries) as unknown as Remote<Theirs>;
  const own = createOwn(calls);
  const answer = async (id: number, method: string, args: readonly never[]): Promise<void> => {
    try {
      port.postMessage({ is: 'answer', id, result: await own[method]?.(...args) });
    } catch (error) {
      port.postMessage({ is: 'answer', id, error: toWireError(error) });
    }
  };
  port.on('message', (value) => {
    const message = value as Message;
    if (message.is === 'call') return void answer(message.id, message.method, message.args);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) call?.resolve(message.result);
    else call?.reject(fromWireError(message.error));
  });
  return {
    calls,
    end(error) {
      ended = error;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    },
  };
}
