// What is too common or too public to be searched for inside other text: if one such word were once marked, half of
// every state would be hidden for ever. Pure lists and shapes; decides nothing about paths.

const ORDINARY = new Set(
  `true false none null nil yes no on off auto automatic default defaults enabled disabled enable disable required optional
  optimal optional any all both other others unknown public private internal external shared dedicated standard basic
  premium free general custom managed manual static dynamic global regional local remote system user users admin
  administrator administrators root guest owner group groups member members role roles policy policies name names value
  values type types data string number bool boolean list map set object tuple text json yaml html plain binary base64 utf-8
  prod production productive stage staging stg dev devel develop development developer test testing tests qa uat preview
  preprod sandbox demo live green blue canary main master trunk primary secondary replica backup archive restore
  allow deny permit block accept reject ingress egress inbound outbound input output source target destination
  http https tcp udp icmp grpc smtp sftp ldap ldaps rest soap websocket internet intranet network networks networking
  linux windows ubuntu debian alpine centos amazon google azure microsoft terraform opentofu kubernetes docker container
  containers cluster clusters server servers service services client clients worker workers node nodes master masters
  instance instances database databases mysql mariadb postgres postgresql postgis oracle sqlserver redis memcached mongodb
  mongo cassandra elasticsearch opensearch kafka rabbitmq nginx apache envoy traefik grafana prometheus
  info debug warn warning error fatal trace notice level levels logs logging log metric metrics monitor monitoring alarm
  alarms alert alerts event events message messages queue queues topic topics stream streams bucket buckets object objects
  storage volume volumes disk disks image images snapshot snapshots table tables index function functions lambda
  application applications app apps api apis web website frontend backend front back edge core base common platform
  payment payments billing order orders invoice invoices customer customers account accounts product products catalog search
  report reports reporting analytics notification notifications notify media ingest audit gateway gateways router routers
  balancer loadbalancer load proxy cache caches cron job jobs task tasks batch pipeline pipelines build deploy deployment
  deployments release releases version versions latest stable current previous project projects team teams company example
  sample hello world resource resources module modules provider providers region regions zone zones subnet subnets vpc
  security identity access encrypted encryption aes256 sha256 sha512 rsa ecdsa ed25519 aws kms iam amazonaws
  available active inactive running stopped pending ready complete completed created deleted updated failed success
  monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october
  november december daily weekly monthly yearly hourly minute minutes hour hours second seconds forever never always once
  localhost domain domains hostname address addresses port ports path paths file files config configuration settings
  environment environments variable variables parameter parameters template templates schedule scheduled rate limit`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** True for a word of everyday configuration: "prod", "enabled", "tcp". Any case. */
export function isOrdinaryWord(text: string): boolean {
  return ORDINARY.has(text.toLowerCase());
}

const PROVIDERS =
  '(?:aws|awscc|azurerm|azuread|azapi|google|kubernetes|helm|random|tls|null|local|vault|consul|nomad|github|gitlab|datadog|cloudflare|terraform|time|archive|http|docker|postgresql|mysql|digitalocean|hcloud|oci|okta|auth0|pagerduty|newrelic|snowflake|databricks|mongodbatlas|external)';

const REGION =
  /^(?:(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-(?:(?:north|south|east|west|central)(?:east|west)?)-?\d[a-z]?|(?:us|europe|asia|australia|northamerica|southamerica|africa|me)-(?:(?:north|south|east|west|central)(?:east|west)?)\d(?:-[a-f])?|(?:north|south|east|west|central|westcentral|southcentral|northcentral)(?:us|europe|india|asia)\d?)$/;
const ARN = /^arn:[a-z-]{3,12}:[a-z0-9-]{1,64}:[a-z0-9-]{0,32}:(?:\d{12}|aws)?:[\w+=,.@:/*$ -]{1,512}$/;
const TYPE_OR_ADDRESS = new RegExp(
  `^(?:module\\.[\\w-]{1,64}(?:\\[[^\\]]{0,64}\\])?\\.)*(?:data\\.)?${PROVIDERS}_[a-z0-9_]{1,64}(?:\\.[\\w-]{1,64})?$`,
);
/** Without its registry only the one namespace: any two words with a slash could be a password. */
const PROVIDER_SOURCE = /^(?:registry\.(?:terraform\.io|opentofu\.org)\/[a-z0-9-]{1,40}|hashicorp)\/[a-z0-9-]{1,40}$/;
const CLOUD_ID =
  /^(?:vpc|subnet|sg|sgr|i|eni|ami|vol|snap|rtb|rtbassoc|igw|nat|acl|eipalloc|eipassoc|vpce|pcx|tgw|dopt|lt|fs|fsap|pl|vgw|cgw|vpn|aclassoc)-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;
const ACCOUNT = /^\d{12}$/;
const CIDR_OR_IP = /^\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?$/;
const DATE = /^\d{4}-\d\d-\d\d(?:T[\d:.]{5,18}(?:Z|[+-]\d\d:?\d\d)?)?$/;
const PUBLIC_SHAPES = [REGION, ARN, TYPE_OR_ADDRESS, PROVIDER_SOURCE, CLOUD_ID, ACCOUNT, CIDR_OR_IP, DATE];
const MAX_PUBLIC_UNITS = 640;

/** True for regions, zones, ARNs, types, addresses, providers, cloud ids, account numbers, IP ranges and dates. */
export function isPublicShape(text: string): boolean {
  return text.length <= MAX_PUBLIC_UNITS && PUBLIC_SHAPES.some((shape) => shape.test(text));
}

export function isRegion(text: string): boolean {
  return text.length <= 32 && REGION.test(text);
}

export function isArn(text: string): boolean {
  return text.length <= MAX_PUBLIC_UNITS && ARN.test(text);
}

/** Contained secrets are looked for from this length on. */
export const MIN_CONTAINED_UNITS = 8;
const MIN_DISTINCT = 5;
const MIN_ENTROPY_BITS = 20;

/**
 * True when finding this secret inside other text means something: at least 8 units, at least 5 different ones and
 * 20 bits of entropy by its own letter frequencies, no public shape, not put together from ordinary words.
 */
export function isCoverable(secret: string): boolean {
  if (secret.length < MIN_CONTAINED_UNITS) return false;
  return hasEntropy(secret) && !isPublicShape(secret) && !isOrdinaryCompound(secret);
}

const MAX_COMPOUND_UNITS = 256;

/** "prod-database-01": nothing but ordinary words, counters and single letters. */
function isOrdinaryCompound(text: string): boolean {
  if (text.length > MAX_COMPOUND_UNITS || !isCommon(FIRST_WORD.exec(text)?.[0] ?? '')) return false;
  const words = text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  return words.every(isCommon) && words.some(isOrdinaryWord);
}

const FIRST_WORD = /[A-Za-z0-9]+|[^\0-\x7f]+/;

function isCommon(word: string): boolean {
  return word.length === 1 || isOrdinaryWord(word) || /^[vV]?\d{1,3}$/.test(word);
}

/** A secret may be a megabyte: its first 4 Ki units tell. */
const MAX_COUNTED_UNITS = 4096;

const LATIN = 256;
const counts = new Uint32Array(LATIN);

/** Units beyond Latin-1 count by their low byte: an estimate is enough. */
function hasEntropy(text: string): boolean {
  const total = Math.min(text.length, MAX_COUNTED_UNITS);
  counts.fill(0);
  let distinct = 0;
  for (let at = 0; at < total; at += 1) {
    const slot = text.charCodeAt(at) & (LATIN - 1);
    const count = counts[slot] ?? 0;
    if (count === 0) distinct += 1;
    counts[slot] = count + 1;
  }
  if (distinct < MIN_DISTINCT) return false;
  let bits = 0;
  for (let at = 0; at < total && bits < MIN_ENTROPY_BITS; at += 1) {
    bits += Math.log2(total / (counts[text.charCodeAt(at) & (LATIN - 1)] ?? 1));
  }
  return bits >= MIN_ENTROPY_BITS;
}
