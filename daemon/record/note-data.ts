// What people add to the log: the `data` member of notes. The same rules as for data.ts hold.
import type { CommonData } from './data.ts';

/** What a note makes of its record; without a class it explains. */
export type NoteClass = 'emergency' | 'exception' | 'false-alarm';

/** change.noted: what somebody says of an earlier record. It explains a gap, and closes a problem. */
export interface ChangeNotedData extends CommonData {
  /** Leaf index of the record. */
  readonly target: number;
  /** Id of the change that the record closes or is a step of. */
  readonly change?: string;
  readonly text: string;
  readonly ticket?: string;
  readonly class?: NoteClass;
}
