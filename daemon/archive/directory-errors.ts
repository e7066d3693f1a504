// File system errors → ArchiveErrors: what may pass by itself is transient, what a person must mend is permanent.
import { ArchiveError, errnoOf } from '../errors.ts';

const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
const deniedCodes: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const folderCodes: ReadonlySet<string> = new Set(['ENOTDIR', 'ELOOP', 'EISDIR', 'ENAMETOOLONG', 'EEXIST']);
const noLinkCodes: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV']);

/** Reduces a file system error met while doing `what` ("write seal/0…"); an ArchiveError passes unchanged. */
export function toDirectoryError(error: unknown, what: string): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const code = errnoOf(error);
  if (fullCodes.has(code)) return failed('archive-full', what, code, true, 'free space where the archive directory is');
  if (deniedCodes.has(code)) {
    const hint = 'let the user that runs stateseal write the archive directory; is it mounted read-only?';
    return failed('archive-denied', what, code, false, hint);
  }
  if (folderCodes.has(code)) return notADirectory(what);
  return failed('archive-io', what, code, true, 'look at the disk or network mount under the archive directory');
}

/** As toDirectoryError, for link(2): some file systems (FAT, some network mounts) have no hard links. */
export function toLinkError(error: unknown, what: string): ArchiveError {
  const code = errnoOf(error);
  if (!noLinkCodes.has(code)) return toDirectoryError(error, what);
  const hint =
    'put the archive directory on a file system with hard links; without them nothing keeps a name from being replaced';
  return failed('archive-no-links', what, code, false, hint);
}

/** Something that is no folder, or a symbolic link, stands where a folder of the archive must be. */
export function notADirectory(what: string): ArchiveError {
  return new ArchiveError(
    'archive-not-a-directory',
    `expected a real folder on the way to ${what}, got something else`,
    {
      transient: false,
      hint: 'find out who put it into the archive directory, and move it away',
    },
  );
}

/** A symbolic link, folder, pipe, socket or device stands at a key. */
export function notAFile(key: string): ArchiveError {
  return new ArchiveError('archive-not-a-file', `expected a regular file at ${key}, got something else`, {
    transient: false,
    hint: 'find out who put it into the archive directory; it is never followed or opened for reading',
  });
}

function failed(code: string, what: string, errno: string, transient: boolean, hint: string): ArchiveError {
  const reason = errno === '' ? 'an unknown error' : errno;
  return new ArchiveError(code, `could not ${what}: ${reason}`, { transient, hint });
}
