// Is the place that is verified the one the log was written to? A replica is legitimate, and a copied prefix may be a
// trap: the true place may hold more, or have been emptied since. So it is said, and never counts as a failure.
import { resolve } from 'node:path';
import { parseArchiveLocation } from '../archive/location.ts';
import { ConfigError } from '../errors.ts';
import type { Finding } from './findings.ts';

/**
 * `location`: the archive's own, `folder`: the log's folder, '' when it stands below the location, `named`: every place
 * that the log names. Undefined when one of those is this place, or none of them can be compared.
 */
export function describeElsewhere(location: string, folder: string, named: readonly string[]): Finding | undefined {
  const here = toPlace(location);
  const places = named.map(toPlace).filter((place) => place !== undefined);
  if (here === undefined || places.length === 0) return undefined;
  const own = [here, ...(folder !== '' && here.endsWith(`/${folder}`) ? [here.slice(0, -folder.length - 1)] : [])];
  if (places.some((place) => own.includes(place))) return undefined;
  const message = `expected the archive that the log was written to (${named.at(-1) ?? ''}), got another place`;
  return { code: 'archive-elsewhere', message };
}

/** Comparable, or undefined for what is no location. */
function toPlace(text: string): string | undefined {
  try {
    const location = parseArchiveLocation(text);
    if (location.kind === 'directory') return resolve(location.path);
    return `s3://${location.bucket}/${location.prefix}`.replace(/\/$/, '');
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
