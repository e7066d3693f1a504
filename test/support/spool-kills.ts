// Where test/support/spool-kill-target.ts can be made to die, and how it is told.

export const SPOOL_STEPS = ['opened', 'before the record', 'after the record', 'after the loss', 'anywhere'] as const;

export interface SpoolKillOrder {
  readonly folder: string;
  readonly nowMs: number;
  /** Dies there, at that occurrence; absent: ends by itself. */
  readonly stop?: { readonly step: (typeof SPOOL_STEPS)[number]; readonly occurrence: number };
}
