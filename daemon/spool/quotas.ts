// How much of the spool one account may fill, and all of them together.

export interface Quotas {
  /** Boxes of one uid that may wait. */
  readonly files: number;
  /** Their bytes. */
  readonly sizeBytes: number;
  /** Bytes of everything that waits. */
  readonly totalBytes: number;
}

export const DEFAULT_QUOTAS: Quotas = {
  files: 10_000,
  sizeBytes: 1024 * 1024 * 1024,
  totalBytes: 4 * 1024 * 1024 * 1024,
};
