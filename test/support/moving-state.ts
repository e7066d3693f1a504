// A small state for tests that need one that changes and nothing else.

const LINEAGE = '8b6a1a3e-0b55-4c5c-9d33-3f1f3c0c0002';

/** A state with two instances, of which one changes with each serial. */
export function formatMovingState(serial: number): string {
  const resource = (name: string, value: string) => ({
    mode: 'managed',
    type: 'terraform_data',
    name,
    provider: 'provider["terraform.io/builtin/terraform"]',
    instances: [{ schema_version: 0, attributes: { id: name, input: { value, type: 'string' }, output: null } }],
  });
  const resources = [resource('still', 'same'), resource('moving', `version ${serial}`)];
  const head = { version: 4, terraform_version: '1.11.4', serial, lineage: LINEAGE, outputs: {} };
  return `${JSON.stringify({ ...head, resources, check_results: null }, null, 2)}\n`;
}
