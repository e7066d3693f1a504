// The version of the tool, from what it wrote itself: the first line of its stream, or the head of a state. Nobody runs
// `terraform version` for it: version managers would go and download one. Pure.

const HEAD_BYTES = 8192;
const STREAM = /"(?:terraform|tofu)":"(\d{1,3}\.\d{1,3}\.\d{1,3}(?:-[a-z0-9.]{1,20})?)"/;
const STATE = /"terraform_version": ?"(\d{1,3}\.\d{1,3}\.\d{1,3}(?:-[a-z0-9.]{1,20})?)"/;

/** '' where neither says it. */
export function toolVersionOf(stream: Uint8Array | undefined, state: Uint8Array | undefined): string {
  return find(STREAM, stream) || find(STATE, state);
}

function find(shape: RegExp, bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  return shape.exec(Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1'))?.[1] ?? '';
}
