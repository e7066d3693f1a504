// What the application knows of each resource: where it is, who may ask, and how it answers.
import type { RequestHandler } from 'express';
import type { Scope } from './principal.ts';

export interface Resource {
  readonly method: 'get' | 'post';
  /** As Express writes paths: /v1/records/:key. */
  readonly path: string;
  readonly scope: Scope;
  /**
   * 'states': tells of states alone, and keeps to those that the principal is limited to. 'log': tells of the log as a
   * whole (lines, tiles, proofs, batches): refused to a principal that is limited.
   */
  readonly reach: 'states' | 'log';
  /** Reads are summed per hour, exports told singly; 'exempt' ones (health, metrics, tiles) are not recorded. */
  readonly recorded: 'read' | 'exempt';
  readonly handler: RequestHandler<Record<string, string>>;
}
