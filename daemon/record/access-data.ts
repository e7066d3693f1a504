// Who read the log through its API: the `data` member of log.accessed. The same rules as for data.ts hold.
import type { CommonData } from './data.ts';

/** log.accessed: reads of one principal, summed over at most an hour; or one export. Exactly one of both is there. */
export interface LogAccessedData extends CommonData {
  /** `token:<name>`, `session:<account>`, `proxy:<person, as a proxy names it>`; `others` where there are too many. */
  readonly principal: string;
  /** RFC 3339: first and last request of the sum; the begin and the end of an export. */
  readonly since: string;
  readonly until: string;
  readonly reads?: readonly AccessReads[];
  readonly export?: AccessExport;
}

export interface AccessReads {
  /** The path as openapi.yaml writes it, without values: /v1/changes/{key} */
  readonly resource: string;
  readonly count: number;
}

export interface AccessExport {
  readonly resource: string;
  readonly format: 'ndjson' | 'csv';
  /** Names of the parameters that narrowed it; their values may be anything and are not told. */
  readonly parameters: readonly string[];
  readonly items: number;
  /** False: the reader or the recorder ended it before its end. */
  readonly isWhole: boolean;
}
