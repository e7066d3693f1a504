// One state of test/support/state-world.ts, and how Terraform would write it down.

/** The resources there may be. */
export const NAMES = ['a', 'b', 'c', 'd'];

export interface WorldInstance {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tainted: boolean;
  readonly marks: readonly string[];
}

export interface WorldState {
  readonly lineage: string;
  readonly serial: bigint;
  readonly tool: string;
  /** By name, or by name and deposed key: "a", "a deadbeef". */
  readonly instances: ReadonlyMap<string, WorldInstance>;
  readonly outputs: ReadonlyMap<string, { readonly value: unknown; readonly sensitive: boolean }>;
}

/** The text of the file, with every digit of the serial. */
export function formatWorldState({ lineage, serial, tool, instances, outputs }: WorldState): string {
  const resources = NAMES.flatMap((name) => {
    const objects = [...instances].filter(([key]) => key.split(' ')[0] === name);
    return objects.length === 0 ? [] : [formatResource(name, objects)];
  });
  const typed = [...outputs].map(([name, output]) => [name, { type: 'dynamic', ...output }]);
  const head = {
    version: 4,
    terraform_version: tool,
    serial: 0,
    lineage,
    outputs: Object.fromEntries(typed) as object,
  };
  return `${JSON.stringify({ ...head, resources, check_results: null }).replace('"serial":0', `"serial":${serial}`)}\n`;
}

function formatResource(name: string, objects: readonly (readonly [string, WorldInstance])[]): object {
  return {
    mode: 'managed',
    type: 'test_thing',
    name,
    provider: 'provider["registry.terraform.io/test/test"]',
    instances: objects.map(([key, { attributes, tainted, marks }]) => ({
      ...(tainted ? { status: 'tainted' } : {}),
      ...(key.includes(' ') ? { deposed: key.split(' ')[1] } : {}),
      schema_version: 0,
      attributes,
      sensitive_attributes: marks.map((value) => [{ type: 'get_attr', value }]),
    })),
  };
}
