// The dependency lock file that every saved plan carries: which tool made the plan, and which providers are pinned.
import { Buffer } from 'node:buffer';
import type { PlannedProvider, PlanTool } from '../../record/plan-data.ts';

export interface LockFile {
  readonly tool: PlanTool;
  readonly providers: readonly PlannedProvider[];
}

const MAX_LINE_UNITS = 1024;
const PROVIDER = /^\s*provider\s+"([A-Za-z0-9.:-]+\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+)"\s*\{/;
const VERSION = /^\s*version\s*=\s*"([0-9A-Za-z.+-]{1,64})"/;
const COMMENT = /^#.*"(terraform|tofu) init"/;

/**
 * Reads what Terraform and OpenTofu write: a comment that names the command, a block per provider. Other lines are
 * passed over; a file that tells nothing says `unknown` and no providers.
 */
export function parseLockFile(bytes: Uint8Array): LockFile {
  let tool: PlanTool = 'unknown';
  let source = '';
  const providers: PlannedProvider[] = [];
  for (const line of Buffer.from(bytes).toString().split('\n')) {
    if (line.length > MAX_LINE_UNITS) continue;
    const named = COMMENT.exec(line)?.[1];
    if (named !== undefined && tool === 'unknown') tool = named === 'tofu' ? 'opentofu' : 'terraform';
    source = PROVIDER.exec(line)?.[1] ?? source;
    const version = VERSION.exec(line)?.[1];
    if (version === undefined || source === '') continue;
    providers.push({ source, version });
    source = '';
  }
  return { tool: tool === 'unknown' ? toolOf(providers) : tool, providers };
}

/** Without the comment, the registry of the providers tells. */
function toolOf(providers: readonly PlannedProvider[]): PlanTool {
  return providers.some(({ source }) => source.startsWith('registry.opentofu.org/')) ? 'opentofu' : 'unknown';
}
