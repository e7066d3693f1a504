// Big states that look like a real account's, byte for byte in Terraform's own layout: two-space indent, sorted
// attributes, sorted resources. The same options give the same bytes. Pure; every secret in it is a marker.

export interface GeneratorOptions {
  readonly seed: number;
  /** How many instances; or, instead, about how many bytes (a few per cent off from a megabyte on). */
  readonly instances?: number;
  readonly sizeBytes?: number;
  /**
   * Part of the instances (0 to 1) that differ from the state of the same seed without it. What a smaller
   * fraction changes, a larger one changes too. Nothing is added or removed.
   */
  readonly changedFraction?: number;
  readonly serial: number;
  readonly lineage: string;
}

export interface GeneratedInstance {
  /** Terraform's own address text. */
  readonly address: string;
  readonly changed: boolean;
}

/** Starts every secret value, sensitive or not marked as such, in a generated state. */
export const generatedSecretPrefix = 'GENERATED-SECRET-';

/** Instances are about this long; real ones of this provider measured the same. */
const bytesPerInstance = 2190;

type Random = () => number;
type InstanceKey = string | number | undefined;
type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

interface Resource {
  readonly module: string;
  readonly type: string;
  readonly name: string;
  readonly keys: readonly InstanceKey[];
  readonly firstIndex: number;
}

/**
 * Attributes by resource type: `name:kind`, or a bare name that is its own kind. A kind is one of `kinds`, with
 * `[]` for a list of up to four, or `null`.
 */
const shapes: Readonly<Record<string, string>> = {
  aws_db_instance:
    'address:dns allocated_storage:int arn auto_minor_version_upgrade:bool availability_zone:zone backup_retention_period:int ca_cert_identifier:word db_name:word db_subnet_group_name:word deletion_protection:bool endpoint:dns engine:word engine_version:version hosted_zone_id:id iam_database_authentication_enabled:bool id instance_class:class iops:int kms_key_id:arn license_model:word monitoring_interval:int multi_az:bool network_type:word password:secret port:int publicly_accessible:bool restore_to_point_in_time:none snapshot_identifier:null status:word storage_encrypted:bool tags tags_all:tags timeouts:null username:word vpc_security_group_ids:id[]',
  aws_eks_node_group:
    'ami_type:word arn capacity_type:word cluster_name:word disk_size:int force_update_version:null id:word instance_types:class[] labels:tags launch_template:none node_group_name:word node_group_name_prefix:null node_role_arn:arn release_version:version remote_access:none resources:none scaling_config:options status:word subnet_ids:id[] tags tags_all:tags taint:none timeouts:null update_config:none version',
  aws_iam_role:
    'arn assume_role_policy:policy create_date:time description:text force_detach_policies:bool id:word inline_policy:none managed_policy_arns:arn[] max_session_duration:int name:word name_prefix:null path permissions_boundary:null tags tags_all:tags unique_id:id',
  aws_instance:
    'ami:id arn associate_public_ip_address:bool availability_zone:zone cpu_core_count:int disable_api_termination:bool ebs_block_device:none ebs_optimized:bool get_password_data:bool hibernation:null iam_instance_profile:word id instance_state:word instance_type:class ipv6_addresses:none key_name:word metadata_options:options monitoring:bool primary_network_interface_id:id private_dns:dns private_ip:ip public_ip:ip root_block_device:disk security_groups:none source_dest_check:bool subnet_id:id tags tags_all:tags tenancy:word user_data:hash vpc_security_group_ids:id[]',
  aws_lambda_function:
    'architectures:word[] arn code_sha256:hash description:text environment ephemeral_storage:none function_name:word handler:word id:word invoke_arn:arn kms_key_arn:arn last_modified:time layers:arn[] memory_size:int package_type:word publish:bool role:arn runtime:word source_code_hash:hash source_code_size:int tags tags_all:tags timeout:int tracing_config:none version:int vpc_config:network',
  aws_route53_record:
    'alias:none allow_overwrite:null failover_routing_policy:none fqdn:dns geolocation_routing_policy:none health_check_id:uuid id latency_routing_policy:none multivalue_answer_routing_policy:bool name:dns records:dns[] set_identifier:null ttl:int type:word weighted_routing_policy:none zone_id:id',
  aws_s3_bucket:
    'acceleration_status:word acl:null arn bucket:word bucket_domain_name:dns bucket_prefix:null bucket_regional_domain_name:dns cors_rule:none force_destroy:bool grant:none hosted_zone_id:id id:word lifecycle_rule:none logging:none object_lock_configuration:none object_lock_enabled:bool policy region replication_configuration:none request_payer:word server_side_encryption_configuration:none tags tags_all:tags timeouts:null versioning:none website:none website_domain:null website_endpoint:null',
  aws_security_group:
    'arn description:text egress:rule[] id ingress:rule[] name:word name_prefix:null owner_id:account revoke_rules_on_delete:bool tags tags_all:tags timeouts:null vpc_id:id',
  aws_ssm_parameter:
    'allowed_pattern:text arn data_type:word description:text id:path insecure_value:null key_id:arn name:path overwrite:null tags tags_all:tags tier:word type:word value:secret version:int',
  aws_subnet:
    'arn assign_ipv6_address_on_creation:bool availability_zone:zone availability_zone_id:word cidr_block:cidr customer_owned_ipv4_pool:null enable_dns64:bool enable_lni_at_device_index:int enable_resource_name_dns_a_record_on_launch:bool id ipv6_cidr_block:null ipv6_native:bool map_customer_owned_ip_on_launch:bool map_public_ip_on_launch:bool outpost_arn:null owner_id:account private_dns_hostname_type_on_launch:word tags tags_all:tags timeouts:null vpc_id:id',
};

const words = 'orders ledger search audit edge billing users report cron notify media ingest auth cache worker'.split(
  ' ',
);

const kinds: Readonly<Record<string, (random: Random) => Value>> = {
  account: (random) => String(100_000_000_000 + whole(random, 899_999_999_999)),
  arn: (random) => `arn:aws:service:eu-west-1:123456789012:${word(random)}/${hex(random, 12)}`,
  bool: (random) => random() < 0.5,
  cidr: (random) => `10.${whole(random, 256)}.${whole(random, 16) * 16}.0/20`,
  class: (random) => `${pick(random, ['t3', 'm6i', 'r6g', 'c7g'])}.${pick(random, ['large', 'xlarge', '2xlarge'])}`,
  dns: (random) => `${word(random)}-${hex(random, 8)}.eu-west-1.example.internal`,
  disk: (random) => [
    { device_name: '/dev/xvda', encrypted: true, iops: 3000, tags: {}, volume_size: whole(random, 500) },
  ],
  environment: (random) => [
    { variables: { API_TOKEN: createValue(random, 'secret'), LOG_LEVEL: 'info', STAGE: word(random) } },
  ],
  hash: (random) => hex(random, 40),
  id: (random) => `${pick(random, ['vpc', 'sg', 'subnet', 'ami', 'eni'])}-0${hex(random, 16)}`,
  int: (random) => whole(random, 8192),
  ip: (random) => `10.${whole(random, 256)}.${whole(random, 256)}.${whole(random, 256)}`,
  network: (random) => [{ security_group_ids: listOf(random, 3, 'id'), subnet_ids: listOf(random, 3, 'id') }],
  none: () => [],
  options: (random) => [
    { http_endpoint: 'enabled', http_put_response_hop_limit: whole(random, 4), http_tokens: 'required' },
  ],
  path: (random) => `/${word(random)}/${word(random)}/${hex(random, 6)}`,
  policy: (random) => {
    const Resource = Array.from(
      { length: 1 + whole(random, 5) },
      () => `arn:aws:s3:::${word(random)}-${hex(random, 9)}/*`,
    );
    const statement = { Action: ['s3:GetObject', 'kms:Decrypt'], Effect: 'Allow', Resource };
    return JSON.stringify({ Statement: [statement], Version: '2012-10-17' });
  },
  region: (random) => pick(random, ['eu-west-1', 'eu-central-1', 'us-east-1']),
  rule: (random) => {
    const [cidr_blocks, from_port, to_port] = [listOf(random, 3, 'cidr'), whole(random, 1024), whole(random, 65_536)];
    return { cidr_blocks, description: word(random), from_port, protocol: 'tcp', self: false, to_port };
  },
  secret: (random) => generatedSecretPrefix + hex(random, 24),
  tags: (random) => {
    const [Name, team, cost] = [`${word(random)}-${hex(random, 8)}`, word(random), String(whole(random, 9999))];
    return { Name, 'cost-center': cost, env: 'prod', 'managed-by': 'terraform', team };
  },
  text: (random) => `${word(random)} & ${word(random)} of <${word(random)}>, ${hex(random, 12)}`,
  time: (random) => `2025-0${1 + whole(random, 9)}-1${whole(random, 10)}T0${whole(random, 10)}:00:00Z`,
  uuid: (random) => [8, 4, 4, 4, 12].map((length) => hex(random, length)).join('-'),
  version: (random) => `${whole(random, 20)}.${whole(random, 10)}`,
  word: (random) => `${word(random)}-${word(random)}-${hex(random, 6)}`,
  zone: (random) => `eu-west-1${pick(random, ['a', 'b', 'c'])}`,
};

/** Paths Terraform would mark, by type; the generated values there start with `generatedSecretPrefix`. */
const sensitivePaths: Readonly<Record<string, readonly (string | number)[]>> = {
  aws_db_instance: ['password'],
  aws_lambda_function: ['environment', 0, 'variables'],
  aws_ssm_parameter: ['value'],
};

/** The bytes of a state file. */
export function generateState(options: GeneratorOptions): Uint8Array {
  return Buffer.concat(Array.from(formatParts(options), (part) => Buffer.from(part)));
}

/** The instances of the state with these options, in the order of the file: the oracle for a diff. */
export function listGeneratedInstances(options: GeneratorOptions): readonly GeneratedInstance[] {
  return planResources(options).flatMap(({ module, type, name, keys, firstIndex }) =>
    keys.map((key, offset) => ({
      address: `${module === '' ? '' : `${module}.`}${type}.${name}${key === undefined ? '' : `[${JSON.stringify(key)}]`}`,
      changed: isChanged(options, firstIndex + offset),
    })),
  );
}

function* formatParts(options: GeneratorOptions): Generator<string> {
  yield formatHead(options);
  for (const [position, resource] of planResources(options).entries()) {
    const instances = resource.keys.map((key, offset) => formatInstance(options, resource, key, offset));
    yield `${position === 0 ? '' : ','}\n${formatResourceHead(resource)}${instances.join(',\n')}\n      ]\n    }`;
  }
  yield '\n  ],\n  "check_results": null\n}\n';
}

function formatHead({ serial, lineage, seed }: GeneratorOptions): string {
  const random = createRandom(seed, -1);
  const outputs = {
    admin_password: { value: createValue(random, 'secret'), type: 'string', sensitive: true },
    vpc_id: { value: `vpc-0${hex(random, 16)}`, type: 'string' },
  };
  const head = { version: 4, terraform_version: '1.11.4', serial, lineage, outputs };
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "resources": [`;
}

/** Addresses for all instances, sorted as Terraform sorts them: by module, type and name, in code units. */
function planResources(options: GeneratorOptions): readonly Resource[] {
  const total = options.instances ?? Math.max(10, Math.round((options.sizeBytes ?? 0) / bytesPerInstance));
  const random = createRandom(options.seed, -2);
  const resources: Resource[] = [];
  for (let index = 0; index < total;) {
    const keys = planKeys(random, total - index);
    const module = planModule(whole(random, Math.ceil(total / 400) + 1));
    const type = pick(random, Object.keys(shapes));
    resources.push({ module, type, name: `${word(random)}_${resources.length}`, keys, firstIndex: index });
    index += keys.length;
  }
  return resources.sort((a, b) => compare(a.module, b.module) || compare(a.type, b.type) || compare(a.name, b.name));
}

/** Half of the resources are single; the others have a count or for_each of up to eighteen. */
function planKeys(random: Random, left: number): Resource['keys'] {
  const size = Math.min(left, random() < 0.5 ? 1 : 2 + whole(random, 17));
  if (size === 1) return [undefined];
  if (random() < 0.5) return Array.from({ length: size }, (_, index) => index);
  return Array.from({ length: size }, (_, index) => `${word(random)}-${index}`).sort(compare);
}

function planModule(number: number): string {
  const name = words[number % words.length] ?? '';
  return number === 0 ? '' : number % 3 === 0 ? `module.${name}["k${number}"]` : `module.${name}_${number}`;
}

function formatResourceHead({ module, type, name }: Resource): string {
  const provider = 'provider["registry.terraform.io/hashicorp/aws"]';
  const head = { ...(module === '' ? {} : { module }), mode: 'managed', type, name, provider };
  return `${indent(JSON.stringify(head, null, 2).slice(0, -2), 4)},\n      "instances": [\n`;
}

function formatInstance(options: GeneratorOptions, resource: Resource, key: InstanceKey, offset: number): string {
  const index = resource.firstIndex + offset;
  const random = createRandom(options.seed, index);
  const attributes = createAttributes(resource.type, random);
  const dependencies = new Set(Array.from({ length: whole(random, 4) }, () => `aws_subnet.${word(random)}`));
  const timeouts = `{"schema_version":"1","timeouts":{"create":${1 + whole(random, 9)}00000000000}}`;
  const steps = sensitivePaths[resource.type];
  const instance = {
    ...(key === undefined ? {} : { index_key: key }),
    schema_version: index % 2,
    attributes: isChanged(options, index) ? changeAttributes(attributes, random) : attributes,
    sensitive_attributes: steps === undefined ? [] : [steps.map(toPathStep)],
    private: Buffer.from(timeouts).toString('base64'),
    ...(dependencies.size === 0 ? {} : { dependencies: [...dependencies].sort(compare) }),
  };
  return indent(escapeAsGo(JSON.stringify(instance, null, 2)), 8);
}

function createAttributes(type: string, random: Random): Record<string, Value> {
  const entries = (shapes[type] ?? '').split(' ').map((field) => {
    const [name = '', kind = name] = field.split(':');
    return [name, kind.endsWith('[]') ? listOf(random, 4, kind.slice(0, -2)) : createValue(random, kind)] as const;
  });
  return Object.fromEntries(entries);
}

/** Other tags, or another ttl where there are none; and a rotated secret in half of those that have one. */
function changeAttributes(attributes: Record<string, Value>, random: Random): Record<string, Value> {
  const changed: Record<string, Value> = { ...attributes };
  if (changed['tags'] === undefined) changed['ttl'] = 10_000 + whole(random, 1000);
  else changed['tags'] = createValue(random, 'tags');
  for (const name of ['password', 'value']) {
    if (changed[name] !== undefined && random() < 0.5) changed[name] = createValue(random, 'secret');
  }
  return changed;
}

function isChanged({ seed, changedFraction = 0 }: GeneratorOptions, index: number): boolean {
  return createRandom(seed ^ 0x5bd1e995, index)() < changedFraction;
}

function toPathStep(step: string | number): Value {
  return typeof step === 'string'
    ? { type: 'get_attr', value: step }
    : { type: 'index', value: { value: step, type: 'number' } };
}

function createValue(random: Random, kind: string): Value {
  return kinds[kind]?.(random) ?? null;
}

function listOf(random: Random, most: number, kind: string): readonly Value[] {
  return Array.from({ length: whole(random, most + 1) }, () => createValue(random, kind));
}

function word(random: Random): string {
  return pick(random, words);
}

function hex(random: Random, length: number): string {
  let text = '';
  while (text.length < length) text += (0x1000000 + whole(random, 0x1000000)).toString(16).slice(1);
  return text.slice(0, length);
}

function pick(random: Random, choices: readonly string[]): string {
  return choices[whole(random, choices.length)] ?? '';
}

function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function indent(text: string, spaces: number): string {
  const margin = ' '.repeat(spaces);
  return margin + text.replaceAll('\n', `\n${margin}`);
}

/** Go's encoder writes these three as escapes wherever they stand. */
function escapeAsGo(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}

/** A small seeded generator (a 32-bit counter, mixed), its own for each index: one instance never shifts another. */
function createRandom(seed: number, index: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    const first = Math.imul(state ^ (state >>> 15), state | 1);
    const second = first ^ (first + Math.imul(first ^ (first >>> 7), first | 61));
    return ((second ^ (second >>> 14)) >>> 0) / 0x100000000;
  };
}
