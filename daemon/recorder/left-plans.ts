// Plan files in a box of the spool: they are opened on the main thread, and recorded before the run that left them.
import { ParseError } from '../errors.ts';
import type { RunIdentity } from '../record/run-data.ts';
import { unpackParcel } from '../spool/parcel.ts';
import type { SpoolDelivery } from '../spool/reader.ts';
import { parseClientObservation } from './client-observation.ts';

export interface LeftPlan {
  readonly bytes: Uint8Array;
  readonly run: RunIdentity;
  /** By the client's clock. */
  readonly time: string;
}

/** Empty for what is no box of a run: whoever takes it in says why. */
export function plansIn({ key, uid, parcel }: SpoolDelivery): readonly LeftPlan[] {
  try {
    const { observation, attachments } = unpackParcel(parcel);
    const { run: id, time } = parseClientObservation(observation, key);
    const run: RunIdentity = { id, uid: `uid:${uid}` };
    return attachments.filter(({ kind }) => kind === 'plan').map(({ bytes }) => ({ bytes, run, time }));
  } catch (error) {
    if (error instanceof ParseError) return [];
    throw error;
  }
}
