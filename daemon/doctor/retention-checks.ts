// Mode and days of the configured locks against how far back an auditor looks. Pure.
import type { ArchiveConfig } from '../config.ts';
import { fail, ok, warn, type Check } from './check.ts';

/** What `init` suggests: a year and the weeks until somebody asks. */
export const SUGGESTED_AUDIT_DAYS = 400;

export const COMPLIANCE_WARNING =
  'COMPLIANCE cannot be undone: until a lock ends nobody can delete or shorten it, no administrator and not the store, and what it costs is paid';

type Locks = Pick<ArchiveConfig, 'mode' | 'structureDays' | 'contentDays' | 'auditDays' | 'legalHold'>;

export function checkRetention(locks: Locks): readonly Check[] {
  return [checkMode(locks), checkOrder(locks), checkHorizon(locks)];
}

function checkMode({ mode, legalHold }: Locks): Check {
  const hold = legalHold ? ', every object held' : '';
  if (mode === 'COMPLIANCE') return ok('mode', `COMPLIANCE${hold}. ${COMPLIANCE_WARNING}`);
  const text = `GOVERNANCE${hold}: an account with s3:BypassGovernanceRetention can delete what is locked`;
  return warn(
    'mode',
    text,
    'good for trying; for evidence set archive.mode: COMPLIANCE before the first seal that counts',
  );
}

function checkOrder({ structureDays, contentDays }: Locks): Check {
  const text = `structure ${structureDays} days, content ${contentDays} days`;
  if (structureDays >= contentDays) return ok('days', text);
  return fail(
    'days',
    `${text}: records would outlive the seals that prove them`,
    `set archive.structureDays: ${contentDays}`,
  );
}

function checkHorizon({ structureDays, contentDays, auditDays }: Locks): Check {
  const shortest = Math.min(structureDays, contentDays);
  const wanted = auditDays ?? SUGGESTED_AUDIT_DAYS;
  if (auditDays !== undefined && shortest >= auditDays) {
    return ok('audit-horizon', `locks of ${shortest} days cover the ${auditDays} days an auditor looks back`);
  }
  const fix = `set archive.contentDays: ${wanted} and archive.structureDays: ${wanted} or more; what is sealed already: stateseal archive extend`;
  if (auditDays !== undefined) {
    return fail(
      'audit-horizon',
      `locks of ${shortest} days end before the ${auditDays} days an auditor looks back`,
      fix,
    );
  }
  if (shortest >= wanted)
    return ok('audit-horizon', `locks of ${shortest} days; say with archive.auditDays how far back an auditor looks`);
  const text = `locks of ${shortest} days are a trial; nobody said how far back an auditor looks (archive.auditDays, ${wanted} suggested)`;
  return warn('audit-horizon', text, fix);
}
