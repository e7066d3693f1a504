// The watcher's files: the newest checkpoint it has verified, and what spares it work. Each is written whole, synced and
// renamed into place. A checkpoint is never replaced by one of a smaller size, whoever wrote it meanwhile.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, describeForeign, ParseError } from '../errors.ts';
import { parseCheckpoint, type Checkpoint } from '../merkle/checkpoint.ts';
import { equalHashes } from '../merkle/hash.ts';
import { parseNote } from '../merkle/note.ts';
import { openDataLock, type DataLock } from '../store/data-lock.ts';
import { formatKept, parseKept, type Kept, type MonitorState } from './monitor-state.ts';

export interface MonitorStore {
  /** Throws ConfigError `monitor-state-unusable` when the files cannot be read, or the checkpoint is none. */
  load(): Promise<Kept>;
  /** The checkpoint first: after a crash in between, the next round begins from it anew. */
  save(kept: Kept): Promise<void>;
}

/** Files `<name>.checkpoint` and `<name>.json` in `folder`, which is made when it is missing. */
export function createMonitorFiles(folder: string, name: string): MonitorStore {
  const checkpointPath = join(folder, `${name}.checkpoint`);
  const statePath = join(folder, `${name}.json`);
  return {
    async load() {
      const checkpoint = ((await readOrUndefined(checkpointPath)) ?? Buffer.alloc(0)).toString('utf8');
      if (checkpoint !== '') parsed(checkpoint);
      const rest = parseKept((await readOrUndefined(statePath)) ?? Buffer.from('{}'));
      // The checkpoint alone is evidence: what does not go with it is made anew.
      const isFitting = checkpoint !== '' && rest?.state !== undefined && isOf(rest.state, checkpoint);
      return { checkpoint, state: isFitting ? rest.state : undefined, alarms: rest?.alarms ?? [] };
    },
    async save(kept) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const there = ((await readOrUndefined(checkpointPath)) ?? Buffer.alloc(0)).toString('utf8');
        const isNewer = kept.checkpoint !== '' && (there === '' || sizeOf(kept.checkpoint) > sizeOf(there));
        if (isNewer) await replaceFile(folder, checkpointPath, kept.checkpoint);
        await replaceFile(folder, statePath, formatKept(kept));
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        throw unusable(describeForeign(error));
      }
    },
  };
}

/**
 * Holds the files until it is closed: of two watchers that overlap the slower one would put an older checkpoint in its
 * place. Throws ConfigError `monitor-busy`, `monitor-state-unusable`.
 */
export async function lockMonitorFiles(folder: string, name: string): Promise<DataLock> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return openDataLock(join(folder, `${name}.lock`));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw unusable(describeForeign(error));
    throw new ConfigError('monitor-busy', 'expected no other monitor on the same files, got one', {
      hint: 'a round takes longer than the pause between two: a longer pause, or another --state for another archive',
    });
  }
}

function isOf(state: MonitorState, checkpoint: string): boolean {
  const { size, root } = parsed(checkpoint);
  return state.size === size && equalHashes(state.root, root);
}

function sizeOf(checkpoint: string): number {
  return parsed(checkpoint).size;
}

/** A kept checkpoint that is none is not passed over: what it said would be forgotten. */
function parsed(checkpoint: string): Checkpoint {
  try {
    return parseCheckpoint(parseNote(Buffer.from(checkpoint)).text);
  } catch (error) {
    if (error instanceof ParseError) throw unusable('the checkpoint file holds no checkpoint');
    throw error;
  }
}

async function replaceFile(folder: string, path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function readOrUndefined(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable(describeForeign(error));
  }
}

function unusable(what: string): ConfigError {
  return new ConfigError('monitor-state-unusable', `could not use the files of the monitor: ${what}`, {
    hint: 'check --state: its directory must be writable. A damaged checkpoint: look into it before you move it away',
  });
}
