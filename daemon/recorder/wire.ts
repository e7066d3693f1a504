// How calls and errors cross between the main thread and the worker. Only this family's errors keep their text.
import {
  ArchiveError,
  ConfigError,
  IntegrityError,
  ParseError,
  StatesealError,
  StoreError,
  describeForeign,
} from '../errors.ts';

type AnyFunction = (...args: never[]) => unknown;

export interface Call<Methods> {
  readonly id: number;
  readonly method: keyof Methods;
  readonly args: readonly unknown[];
}

export type Answer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: WireError };

export interface WireError {
  readonly family: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Every method of `Methods`, asynchronous. */
export type Remote<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends AnyFunction
    ? (...args: Parameters<Methods[Name]>) => Promise<Awaited<ReturnType<Methods[Name]>>>
    : never;
};

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface Calls<Methods> {
  readonly remote: Remote<Methods>;
  /** What comes back. */
  readonly settle: (answer: Answer) => void;
  /** An answer that comes unasked, under an id that no call has: 0. */
  readonly wait: (id: number) => Promise<unknown>;
  /** Fails what waits and everything asked later: the other side is gone. */
  readonly end: (error: Error) => void;
}

/** The calling half: `names` are the methods of the other side, `post` carries a call there. */
export function createCalls<Methods>(
  names: readonly (keyof Methods)[],
  post: (call: Call<Methods>) => void,
): Calls<Methods> {
  const waiting = new Map<number, Waiting>();
  const wait = (id: number): Promise<unknown> => new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  let lastId = 0;
  let ended: Error | undefined;
  const call = (method: keyof Methods, args: readonly unknown[]): Promise<unknown> => {
    if (ended !== undefined) return Promise.reject(ended);
    lastId += 1;
    const answer = wait(lastId);
    post({ id: lastId, method, args });
    return answer;
  };
  const entries = names.map((method) => [method, (...args: unknown[]) => call(method, args)] as const);
  return {
    remote: Object.fromEntries(entries) as unknown as Remote<Methods>,
    wait,
    settle(answer) {
      const call = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('error' in answer) call?.reject(fromWireError(answer.error));
      else call?.resolve(answer.result);
    },
    end(error) {
      ended = error;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    },
  };
}

export function toWireError(error: unknown): WireError {
  if (error instanceof StatesealError) {
    return { family: error.name, code: error.code, message: error.message, hint: error.hint };
  }
  const message = `the recorder failed: ${describeForeign(error)}`;
  return { family: 'StoreError', code: 'recorder-failed', message, hint: 'report this with the log lines around it' };
}

export function fromWireError({ family, code, message, hint }: WireError): StatesealError {
  switch (family) {
    case 'ConfigError':
      return new ConfigError(code, message, { hint });
    case 'ParseError':
      return new ParseError(code, message, { hint });
    case 'IntegrityError':
      return new IntegrityError(code, message, { hint });
    case 'ArchiveError':
      return new ArchiveError(code, message, { hint, transient: false });
    default:
      return new StoreError(code, message, { hint });
  }
}
