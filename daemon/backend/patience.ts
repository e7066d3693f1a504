// Waiting with an end: Terraform waits for an answer as long as it takes, so a silent recorder must become a refusal.
import { StoreError } from '../errors.ts';

/** `result`, or StoreError `backend-recorder-silent` after `limitMs`; what was begun goes on. */
export async function within<T>(result: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(silent(limitMs)), limitMs);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

function silent(limitMs: number): StoreError {
  return new StoreError('backend-recorder-silent', `expected the recorder's answer within ${limitMs} ms, got none`, {
    hint: 'it is busy or its disk hangs: nothing is acknowledged until it answers',
  });
}
