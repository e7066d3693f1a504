// Whether bytes may be a state at all, told without parsing them: a name says little in a bucket that others use, too.
// Says nothing of whether the state is whole or right: the recorder does.

/** An object that speaks of a serial and a lineage: a state, in clear or encrypted (docs/TERRAFORM.md §2). */
export function looksLikeState(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return /^\s*\{/u.test(text.toString('latin1', 0, 64)) && text.includes('"serial"') && text.includes('"lineage"');
}
