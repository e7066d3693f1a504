// The shipped allow-list: which keys may show strings, and of what shape. An entry is a whole key, or a key's last
// words; "vpc_id", "vpcId" and "vpc_ids" end with "id". Frozen content goes into the policy digest, so any edit shows.
import { keyWords } from './key-rules.ts';
import type { ShapeClass } from './shapes.ts';

/** Last words of a key (singular), by class. The longest match wins. */
const BY_LAST_WORDS: Readonly<Record<ShapeClass, string>> = {
  id: `id, guid, identifier, arn, ami, uid, uuid, self link, etag, e tag, account, account number, subscription, tenant, vpc, subnet,
    security group, owner, principal, service principal, tag key, image, image uri, repository url, cidr block, project,
    resource, cluster, node group, target, source, certificate arn, prefix list, route table, key arn, key id, alias target,
    generation, revision, resource version, fingerprint, thumbprint, number, serial number, peer owner, link`,
  name: `name, title, label, chart, part of,  prefix, suffix, tag, alias, bucket, table, queue, topic, stream, group, role, user, username, login,
    profile, policy, policy type, member, team, project, department, cost center, cost centre, costcenter, service, application, app, component, product,
    environment, env, stage, workspace, business unit, managed by, managedby, created by, createdby, contact, maintainer, squad, tribe, domain name, customer, purpose,
    repository, repo, branch, namespace, key, set, display, server, database, db, schema, catalog, function, handler,
    attribute, attribute name, field, column, metric, dimension, index, collection, container, share, volume, device, disk,
    device name, mount point, network, subnetwork, gateway, connection, interface, listener, rule, pool, plan, sku, offer, publisher,
    job, task, pipeline, step, action, not action, condition, operation, organization, organisation, org, company, folder, unit, partition,
    cluster parameter group, description, note, comment, remark, summary, instance profile, iam instance profile, security policy, package, module, layer, value from, path pattern, placement group, option, feature, parameter group, event, permission, scope, verb, entity`,
  word: `type, kind, launch, payer, export, granularity, spec, caching, bypass, maintenance, model, track, prevention, missing data, uses,  class, family, tier, size, mode, engine, status, state, protocol, runtime, architecture, platform, os, scheme,
    method, algorithm, format, encoding, level, severity, priority, strategy, behavior, behaviour, effect, comparison, operator,
    statistic, unit, tenancy, region, location, zone, availability zone, az, direction, access, visibility, acl, charset,
    collation, encryption, compression, storage, storage class, redundancy, replication, routing, affinity, license, license model, language, locale, edition,
    provider, vendor, backend, driver, plugin, api, api version, category, group by, result, reason, phase, health, enabled, http tokens, http endpoint,
    policy default, deletion policy, update policy, restart policy, pull policy, image pull policy, dns policy, reclaim policy, cache policy, viewer protocol policy, ssl policy, renewal eligibility, support, standard, ttl policy, mapping, preference, shape, curve, usage, use, evaluation, threshold, session affinity,
    instance metadata tag, signing, capability, configuration, locked, trigger, ordering, tls, ssl, cipher, cors, sse, ip family, address family, partition`,
  number: `version, version actual, release, matcher, surge, unavailable,  port, count, capacity, range, from, to, retention, period, duration, interval, timeout, ttl, limit,
    quota, rate, ratio, percent, percentage, weight, age, cpu, memory, throughput, iops, bits, length, min, max, minimum, maximum, size gb,
    request, replica, desired, order, rank, sequence, cost, amount, budget, hop, delay, lifetime, mtu, asn, grace, concurrency`,
  host: `host, hostname, domain, fqdn, dns, dns name, record name, record value, domain alias, nameserver, name server, record, address, ns, cname, alias name, suffix domain, zone name, server name, sni, issuer domain, subject alternative name, san, origin, referer`,
  url: `url, uri, href, website, endpoint, endpoint url, issuer, audience, callback, redirect, link url, self url, server url`,
  address: `ip, ips, ip address, private ip, public ip, cidr, cidr block, cidr ip, address prefix, address space, address range, ip range, source range,
    destination range, subnet range, peer ip, gateway ip, netmask, broadcast, ipv6, ipv4, source address, destination address, allowed address, mac address, mac, port range, source port range, destination port range, cidr ipv4, cidr ipv6`,
  text: `description, note, comment, remark, summary, reason text, display text, purpose text, message text, status message, state reason, documentation`,
  time: `at, on, time, date, timestamp, created, updated, modified, expiration, expiry, expires, not before, not after, window, day, hour, minute, month, year, weekday, timezone, time zone, last modified, start, end, since, until, backup window, maintenance window, day of week, day of month`,
  schedule: `schedule, schedule expression, cron, recurrence, rotation, rate expression, cron expression`,
  path: `path, file, filename, directory, dir, folder path, mount, mount path, working directory, home, root directory, location path, source path, destination path, object, file system, hash path, subject path, pattern`,
};

/** Under these keys stands what people put there, whatever the inner keys are called: strings show by shape alone. */
const OPAQUE = new Set(
  `variables variable environment_variables env_vars envs app_settings data string_data stringdata binary_data parameters values vars secrets
  connection_strings stage_variables build_args args command entrypoint metadata_map config_data content body payload
  inline user_attributes custom_attributes request_parameters response_parameters extra_vars triggers keepers
  request_headers response_headers header headers custom_header custom_headers metadata_options_map configuration_values`
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((key) => keyWords(key).join(' ')),
);

const CLASSES = parseClasses();
const MAX_TAIL_WORDS = 4;

/** The class whose shape strings under the key must have to be shown; undefined: not on the list. */
export function keyClass(key: string): ShapeClass | undefined {
  const words = keyWords(key);
  const stem = [...words.slice(0, -1), singular(words.at(-1) ?? '')];
  for (let size = Math.min(MAX_TAIL_WORDS, words.length); size > 0; size -= 1) {
    const found = CLASSES.get(words.slice(-size).join(' ')) ?? CLASSES.get(stem.slice(-size).join(' '));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function isOpaqueKey(key: string): boolean {
  return OPAQUE.has(keyWords(key).join(' '));
}

/** "subnet ids" → id, "policies" → policy, "addresses" → address. */
function singular(word: string): string {
  if (word.endsWith('ies') && word.length > 4) return word.slice(0, -3) + 'y';
  if (/(?:ss|x|ch|sh|ias|tus)es$/.test(word)) return word.slice(0, -2);
  return word.length > 2 && word.endsWith('s') && !word.endsWith('ss') && !word.endsWith('us')
    ? word.slice(0, -1)
    : word;
}

/** Later classes win where two list one entry. */
function parseClasses(): ReadonlyMap<string, ShapeClass> {
  const classes = new Map<string, ShapeClass>();
  for (const [shape, text] of Object.entries(BY_LAST_WORDS)) {
    for (const entry of text.split(',')) classes.set(entry.trim().replace(/\s+/g, ' '), shape as ShapeClass);
  }
  return classes;
}

/** The list itself, for the policy digest. */
export function describeKeyClasses(): readonly string[] {
  return [...[...CLASSES].map(([words, shape]) => `${words}=${shape}`), ...OPAQUE];
}
