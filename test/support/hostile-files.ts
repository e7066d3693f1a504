// Mutated plans, streams and states through everything that reads them: a result or an error of the family that says
// nothing of the file, each within its time.
import { CANARY, createCanaryFiles, type CanaryFiles } from './canary-plan.ts';
import { formatPlan, planJson } from '../../daemon/commands/render-plan.ts';
import { formatJsonLine } from '../../daemon/commands/json-output.ts';
import { ParseError } from '../../daemon/errors.ts';
import { parseStream } from '../../daemon/terraform/stream.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import { redactPlan } from '../../daemon/redaction/plan.ts';
import { redactState } from '../../daemon/redaction/state.ts';
import { TaintSet } from '../../daemon/redaction/taint.ts';
import { openPlanContent } from '../../daemon/sources/plan-archive.ts';
import { createPalette } from '../../daemon/terminal.ts';
import { isOpaque, parsePlan } from '../../daemon/terraform/plan/parse-plan.ts';
import { parseState } from '../../daemon/terraform/state-parse.ts';
import { mutateBytes, mutateJson, mutateLines, mutateMembers, mutateProtobuf, type Random } from './mutations.ts';
import { writePlanArchive } from './plan-writer.ts';
import { createRandom } from './seeded-random.ts';

export interface Outcome {
  readonly kind: string;
  /** 'read', or the code of the error. */
  readonly outcome: string;
  readonly ms: number;
}

type Kind = (files: CanaryFiles, random: Random) => () => Promise<void>;

const KINDS: Readonly<Record<string, Kind>> = {
  'archive bytes': ({ plan }, random) => {
    const bytes = mutateBytes(writePlanArchive(plan), random);
    return () => readPlan(bytes, random);
  },
  'plan bytes': ({ plan }, random) => {
    const bytes = writePlanArchive({ ...plan, tfplan: mutateBytes(plan.tfplan, random) });
    return () => readPlan(bytes, random);
  },
  'plan fields': ({ plan }, random) => {
    const bytes = writePlanArchive({ ...plan, tfplan: mutateProtobuf(plan.tfplan, random) });
    return () => readPlan(bytes, random);
  },
  'plan fields again': ({ plan }, random) => {
    const bytes = writePlanArchive({ ...plan, tfplan: mutateProtobuf(plan.tfplan, random) });
    return () => readPlan(bytes, random);
  },
  'embedded state': ({ plan }, random) => {
    const mutate = random() < 0.3 ? mutateMembers : mutateJson;
    const bytes = writePlanArchive({ ...plan, tfstate: mutate(plan.tfstate, random) });
    return () => readPlan(bytes, random);
  },
  'json plan': ({ jsonPlan }, random) => {
    const bytes = (random() < 0.3 ? mutateMembers : mutateJson)(jsonPlan, random);
    return () => readPlan(bytes, random);
  },
  stream: ({ stream }, random) => {
    const bytes = mutateLines(stream, random);
    return () => Promise.resolve(void parseStream(bytes));
  },
  state: ({ state }, random) => {
    const bytes = (random() < 0.3 ? mutateMembers : mutateJson)(state, random);
    return () => Promise.resolve(readState(bytes));
  },
};

export const KIND_NAMES = Object.keys(KINDS);

/** Each kind in turn; `seed` and `index` make the same mutation again. */
export async function openHostileFiles(seed: number): Promise<(index: number) => Promise<Outcome>> {
  const files = await createCanaryFiles();
  return async (index) => {
    const [kind, make] = Object.entries(KINDS)[index % KIND_NAMES.length] ?? ['', undefined];
    if (make === undefined) throw new Error('expected a kind of file, got none');
    const read = make(files, createRandom(scattered(seed + index)));
    const start = performance.now();
    const outcome = await outcomeOf(read, `seed ${seed}, mutation ${index}, ${kind}`);
    return { kind, outcome, ms: performance.now() - start };
  };
}

/** Seeds next to one another would give much the same chances. */
function scattered(seed: number): number {
  const first = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}

async function outcomeOf(read: () => Promise<void>, name: string): Promise<string> {
  try {
    await read();
    return 'read';
  } catch (error) {
    if (!(error instanceof ParseError)) throw new Error(`${name}: not of the family`, { cause: error });
    const told = [
      error.message,
      error.hint,
      error.stack ?? '',
      error.cause instanceof Error ? (error.cause.stack ?? '') : '',
    ].join('\n');
    if (told.includes(CANARY)) throw new Error(`${name}: tells of the file: ${told}`);
    return error.code;
  }
}

const KEYS = {
  equalityKey: new Uint8Array(32).fill(1),
  epoch: { kid: 'e1', key: new Uint8Array(32).fill(2) },
};
const POLICY = createPolicy({ values: 'allow-list', hide: [], show: [] });
const PALETTE = createPalette(false);

/** As the recorder reads it, or as `show` prints it. */
async function readPlan(bytes: Uint8Array, random: Random): Promise<void> {
  const form = random() < 0.5 ? 'wrapped' : 'plain';
  const plan = parsePlan(await openPlanContent(bytes), form);
  if (isOpaque(plan)) return;
  const taint = new TaintSet(KEYS.equalityKey);
  const { observed } = redactPlan(plan, { keyId: 'plan', keys: KEYS, policy: POLICY, taint });
  if (form === 'plain') [formatPlan(observed, PALETTE), formatJsonLine(planJson(observed))].join('');
}

function readState(bytes: Uint8Array): void {
  const state = parseState(bytes);
  if (state.kind !== 'state') return;
  redactState(state, {
    stateId: 'state',
    keys: KEYS,
    policy: POLICY,
    taint: new TaintSet(KEYS.equalityKey),
    rawBytes: bytes,
  });
}
