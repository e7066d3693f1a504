// The policies of docs/aws/ as the tests read them, and the one bucket policy that Ceph's gateway makes of them: it
// knows no identity policies, so that the roles' statements go into the bucket's own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/source-tree.ts';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

export const ROLES = [
  'writer',
  'writer-legal-hold',
  'verifier',
  'auditor',
  'keeper',
  'state-reader',
  'state-keeper',
] as const;
export type Role = (typeof ROLES)[number];

export interface CommandRow {
  readonly command: string;
  readonly feature?: string;
  readonly file: string;
  readonly roles: readonly Role[];
  readonly actions: readonly string[];
  readonly why: string;
  readonly sources: readonly string[];
}

export function readPolicy(name: string): Policy {
  return JSON.parse(readFileSync(join(ROOT, 'docs/aws', `${name}.json`), 'utf8')) as Policy;
}

export function readCommandRows(): readonly CommandRow[] {
  const text = readFileSync(join(ROOT, 'docs/aws/actions.json'), 'utf8');
  return (JSON.parse(text) as { readonly commands: readonly CommandRow[] }).commands;
}

export function listed(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

/** What a role's policy allows, sorted. */
export function allowedActions(role: Role): readonly string[] {
  return [...new Set(readPolicy(role).Statement.flatMap(({ Action }) => listed(Action)))].sort();
}

/**
 * Condition keys that Ceph 16 does not know: where absence is asked for it would refuse every put. For plain HTTP it
 * never says that TLS is missing, and it does not count the days of a lock.
 */
const UNKNOWN_TO_CEPH = [
  's3:if-none-match',
  's3:object-lock-mode',
  's3:object-lock-retain-until-date',
  's3:object-lock-remaining-retention-days',
  'aws:SecureTransport',
];

export interface DerivedPolicy {
  readonly policy: string;
  /** Sids of shipped statements that this store cannot show. */
  readonly notShown: readonly string[];
}

/** The shipped policies on one bucket of Ceph: users by role, statements with unknown conditions left out by name. */
export function deriveForCeph(bucket: string, prefix: string, users: ReadonlyMap<Role, string>): DerivedPolicy {
  const allows = toAllows(bucket, prefix, users);
  const shipped = readPolicy('bucket-policy').Statement;
  const isUnknown = ({ Condition }: Statement): boolean =>
    Object.values(Condition ?? {}).some((keys) => Object.keys(keys).some((key) => UNKNOWN_TO_CEPH.includes(key)));
  const denials = shipped
    .filter((statement) => !isUnknown(statement))
    .map((statement) => placed(statement, bucket, prefix));
  return {
    policy: toPolicy([...allows, ...denials]),
    notShown: shipped.filter(isUnknown).map(({ Sid }) => Sid),
  };
}

/**
 * What the roles are allowed and nothing else: for a bucket of states, where nobody is denied anything. Ceph 16 reads no
 * colon in the resource of an ARN: any one character stands for that of `env:`.
 */
export function allowOnCeph(bucket: string, prefix: string, users: ReadonlyMap<Role, string>): string {
  return toPolicy(toAllows(bucket, prefix, users));
}

function toAllows(bucket: string, prefix: string, users: ReadonlyMap<Role, string>): readonly Statement[] {
  return [...users].flatMap(([role, uid]) =>
    readPolicy(role).Statement.map((statement) => ({
      ...placed(statement, bucket, prefix),
      Sid: `${uid}${statement.Sid}`,
      Principal: { AWS: [`arn:aws:iam:::user/${uid}`] },
    })),
  );
}

function placed(statement: Statement, bucket: string, prefix: string): Statement {
  const place = (text: string): string =>
    text.replaceAll('EXAMPLE-BUCKET', bucket).replaceAll('EXAMPLE-PREFIX', prefix).replace('/env:/', '/env?/');
  return { ...statement, Resource: listed(statement.Resource).map(place) };
}

function toPolicy(statements: readonly Statement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}
