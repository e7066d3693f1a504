// A small file of a stranger's folder, read so that nothing can hang or swell: regular files only, never waiting for a
// writer, at most so many bytes. Whatever is wrong is "not there": nobody's run depends on it.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** The bytes, or undefined; 'too-large' where the file is there and has more. */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array | 'too-large' | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) return undefined;
    if (stat.size > maxBytes) return 'too-large';
    return await readUpTo(file, stat.size);
  } catch {
    return undefined;
  } finally {
    await file?.close().catch(() => undefined);
  }
}

export async function readBoundedText(path: string, maxBytes: number): Promise<string | undefined> {
  const bytes = await readBounded(path, maxBytes);
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('utf8') : undefined;
}

/** A file that grows meanwhile is cut at the size it had. */
async function readUpTo(file: FileHandle, sizeBytes: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const { bytesRead } = await file.read(buffer, filled, sizeBytes - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
