// Plan files beside the states of watched directories: heard or found by name, read whole, opened, handed on once per
// version. Which state a plan is for is not asked here.
import { openContained, formatFileVersion } from './contained-file.ts';
import { ParseError } from '../errors.ts';
import { pause, type SourceClock } from './clock.ts';
import { openPlanContent, PLAN_LIMITS } from './plan-archive.ts';
import type { StatePlace } from './reference.ts';
import type { PlanListener, PlanSighting } from './source.ts';

export interface PlanFilesOptions {
  readonly clock: SourceClock;
  readonly signal: AbortSignal;
  /** Larger ones are refused. */
  readonly maxFileBytes: number;
}

/** A plan is written in place and is whole when its directory is: looked at again while it may still grow. */
const RETRY_MS = [50, 150, 500, 1_500, 5_000] as const;
/** Versions remembered; a plan that is looked at twice is told by the recorder. */
const MAX_REMEMBERED = 10_000;

export class PlanFiles {
  readonly #options: PlanFilesOptions;
  readonly #seen = new Map<string, string>();
  /** Looks under way, by path; true: it was named again meanwhile. */
  readonly #pending = new Map<string, boolean>();
  #listener: PlanListener | undefined;

  constructor(options: PlanFilesOptions) {
    this.#options = options;
  }

  listen(listener: PlanListener): void {
    this.#listener = listener;
  }

  /** Looks at a plan file soon; an event or a walk names it. Never throws. */
  note(place: StatePlace): Promise<void> {
    const { path } = place;
    if (this.#listener === undefined) return Promise.resolve();
    const isPending = this.#pending.has(path);
    this.#pending.set(path, isPending);
    return isPending ? Promise.resolve() : this.#lookUntilQuiet(place);
  }

  async #lookUntilQuiet(place: StatePlace): Promise<void> {
    do {
      this.#pending.set(place.path, false);
      await this.#look(place, 0);
    } while (this.#pending.get(place.path) === true);
    this.#pending.delete(place.path);
  }

  async #look(place: StatePlace, attempt: number): Promise<void> {
    if (this.#options.signal.aborted) return;
    const read = await this.#read(place);
    if (read === undefined) return;
    const waitMs = RETRY_MS[attempt];
    if (
      read === 'moving' ||
      (read.problem !== undefined && read.problem.code !== 'not-a-plan' && waitMs !== undefined)
    ) {
      if (waitMs === undefined) return;
      await pause(this.#options.clock, waitMs, this.#options.signal);
      return this.#look(place, attempt + 1);
    }
    this.#remember(place.path, read.sourceVersion);
    // Something else that is called so.
    if (read.problem?.code === 'not-a-plan') return;
    try {
      await this.#listener?.(read);
    } catch {
      // Not recorded: the next walk finds it again.
      this.#seen.delete(place.path);
    }
  }

  /** Undefined for what is not there, is no file that may be opened, or was handed on already. */
  async #read({ path, displayPath, root, reference }: StatePlace): Promise<PlanSighting | 'moving' | undefined> {
    const { maxFileBytes } = this.#options;
    const opening = await openContained({ directory: root.directory, path, displayPath, maxBytes: maxFileBytes });
    if (opening.outcome === 'moved') return 'moving';
    if (opening.outcome !== 'opened') return undefined;
    const { handle, stat } = opening;
    try {
      const sourceVersion = formatFileVersion(stat);
      if (this.#seen.get(path) === sourceVersion || stat.size === 0n) return undefined;
      const bytes = new Uint8Array(await handle.readFile());
      const after = await handle.stat({ bigint: true });
      if (formatFileVersion(after) !== sourceVersion || BigInt(bytes.length) !== stat.size) return 'moving';
      const effectiveTime = new Date(Number(stat.mtimeNs / 1_000_000n)).toISOString();
      const head = { reference: reference.uri, sourceVersion, effectiveTime, timeBasis: 'mtime', bytes } as const;
      return { ...head, ownerUid: Number(stat.uid), ...(await contentOf(bytes)) };
    } catch {
      return undefined; // Unreadable by now: the next event or walk looks again.
    } finally {
      await handle.close();
    }
  }

  #remember(path: string, version: string): void {
    this.#seen.delete(path);
    this.#seen.set(path, version);
    if (this.#seen.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}

/** A plan's archive opened, or why it cannot be. */
export async function contentOf(bytes: Uint8Array): Promise<Pick<PlanSighting, 'content' | 'problem'>> {
  try {
    return { content: await openPlanContent(bytes, PLAN_LIMITS), problem: undefined };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { content: undefined, problem: { code: error.code, message: error.message } };
  }
}
