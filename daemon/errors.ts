// The whole error family, cut by what the caller does next. Every error carries a stable code
// (listed in docs/ERRORS.md), a hint an operator can act on, and, at most, a cause of this family:
// foreign errors quote the bytes that failed, so they are reduced to name, code and offset first.

export interface ErrorDetails {
  /** What the operator can do about it: one sentence, no secret. */
  readonly hint: string;
  /** Only errors of this family: foreign ones may quote hostile or secret input. */
  readonly cause?: StatesealError;
}

export abstract class StatesealError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
  }
}

/** Stop, exit 2: what the user asked for cannot be done as asked. */
export class ConfigError extends StatesealError {}

/** Skip this input and record that it was unreadable. */
export class ParseError extends StatesealError {}

/** The write-once store failed: retry with backoff when transient, else stop flushing, keep recording, alarm. */
export class ArchiveError extends StatesealError {
  readonly transient: boolean;

  constructor(code: string, message: string, details: ErrorDetails & { readonly transient: boolean }) {
    super(code, message, details);
    this.transient = details.transient;
  }
}

/** The local database cannot be written or read: stop recording what is affected, alarm. */
export class StoreError extends StatesealError {}

/** Bytes, hashes or signatures contradict one another: stop, never self-heal. */
export class IntegrityError extends StatesealError {}

/**
 * A foreign error reduced to what is safe to repeat: its class name and, where it has one, its code.
 * Never its message, which may quote input.
 */
export function describeForeign(error: unknown): string {
  if (error instanceof StatesealError) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return 'unknown error';
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
}

/** The errno name of a file system error ('ENOENT'), or '' where there is none. */
export function errnoOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : '';
}
