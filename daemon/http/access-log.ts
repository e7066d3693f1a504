// Tells the access log of each answer behind the guards: one more read of a principal, or one export with its end.
import type { RequestHandler, Response } from 'express';
import type { AccessExport } from '../record/access-data.ts';
import { principalOf } from './principal.ts';
import type { Resource } from './resource.ts';

export interface AccessLog {
  read(principal: string, resource: string): void;
  exported(principal: string, sinceMs: number, exported: AccessExport): void;
}

/** What an export has sent so far; whoever streams it counts. */
export interface ExportProgress {
  readonly format: AccessExport['format'];
  items: number;
}

/** Makes this answer an export: called before its first byte. */
export function beginExport(response: Response, format: AccessExport['format']): ExportProgress {
  const progress: ExportProgress = { format, items: 0 };
  response.locals['export'] = progress;
  return progress;
}

/** Counted when the answer has ended, also by a client that went away: what was sent was read. */
export function countAccess({ path, recorded }: Pick<Resource, 'path' | 'recorded'>, log: AccessLog): RequestHandler {
  const resource = path.replaceAll(/:([A-Za-z]+)/gu, '{$1}');
  return (request, response, next) => {
    if (recorded === 'exempt') return next();
    const { name } = principalOf(response);
    const sinceMs = Date.now();
    response.once('close', () => {
      const progress = response.locals['export'] as ExportProgress | undefined;
      if (progress === undefined) return log.read(name, resource);
      const { format, items } = progress;
      const parameters = [...new Set(new URL(request.url, 'http://log').searchParams.keys())].sort();
      log.exported(name, sinceMs, { resource, format, parameters, items, isWhole: response.writableFinished });
    });
    next();
  };
}
