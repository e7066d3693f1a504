// What the recorder knows about itself and takes as arguments: time, randomness, who is looking. Tests inject all of it.
import type { Vantage } from '../record/observation.ts';
import { uuidV7 } from '../record/uuid.ts';

export interface Environment {
  /** Milliseconds since the epoch. */
  now(): number;
  random(bytes: number): Uint8Array;
  readonly boot: { readonly id: string; ms(): number };
  readonly recorder: string;
  readonly host: string;
  /** The log's origin: the `source` of log records. */
  readonly origin: string;
}

export function nextId(environment: Environment): string {
  return uuidV7(environment.now(), environment.random(10));
}

/** RFC 3339, UTC, milliseconds. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function vantageOf(environment: Environment, source: string): Vantage {
  return { recorder: environment.recorder, host: environment.host, source };
}
