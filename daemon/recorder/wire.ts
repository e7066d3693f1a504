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
