// Where the SDK found the credentials of the archive, told from the marks it leaves on them, and whether that is allowed.
// Pure; knows the shape of an identity, not the SDK. Says origins, never keys.
import { ArchiveError } from '../errors.ts';

/** `instance`: the role of the whole host, which every job on it shares. `given`: by the program itself. */
export type CredentialOrigin =
  'environment' | 'profile' | 'sso' | 'process' | 'web-identity' | 'container' | 'instance' | 'given';

/** Features that the SDK sets on an identity, strongest first; what only the instance can have given has none. */
const FEATURES: readonly (readonly [RegExp, CredentialOrigin])[] = [
  [/^CREDENTIALS_CODE$/u, 'given'],
  [/WEB_ID/u, 'web-identity'],
  [/SSO|LOGIN/u, 'sso'],
  [/PROCESS$/u, 'process'],
  [/^CREDENTIALS_ENV_VARS$/u, 'environment'],
  [/^CREDENTIALS_HTTP$/u, 'container'],
  [/^CREDENTIALS_(?:PROFILE$|PROFILE_SOURCE_PROFILE$|STS_)/u, 'profile'],
];

/** `identity` is what the SDK's provider resolved to. */
export function toOrigin(identity: object): CredentialOrigin {
  const source: unknown = Reflect.get(identity, '$source');
  const marks = typeof source === 'object' && source !== null ? Object.keys(source) : [];
  const known = FEATURES.find(([pattern]) => marks.some((mark) => pattern.test(mark)));
  return known?.[1] ?? 'instance';
}

/** Throws ArchiveError `archive-instance-role` for the host's own role, unless the configuration allows it by name. */
export function assertAllowed(origin: CredentialOrigin, options: { readonly allowInstanceRole?: boolean }): void {
  if (origin !== 'instance' || options.allowInstanceRole === true) return;
  throw new ArchiveError(
    'archive-instance-role',
    "expected credentials of the recorder's own, got those of the instance role",
    {
      transient: false,
      hint: 'every job on this host shares that role and could write to the archive: give the recorder a profile or keys of its own, or set archive.allowInstanceRole',
    },
  );
}
