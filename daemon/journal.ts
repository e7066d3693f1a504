// The recorder's records about itself: leaf 0, starts and stops, configuration, heartbeats, inventory.
import { createHash } from 'node:crypto';
import { hostname, platform, release } from 'node:os';
import { formatArchiveLocation } from './archive/location.ts';
import type { BackendConfig } from './config-backend.ts';
import type { Config, HttpConfig } from './config.ts';
import { formatUri, type ConfiguredBucket } from './config-sources.ts';
import { ConfigError } from './errors.ts';
import { formatJson } from './json/format.ts';
import { parseJson } from './json/parse.ts';
import { isJsonObject, type Json } from './json/value.ts';
import type { Accessed } from './http/access-journal.ts';
import { digestProgram, readVersion } from './program.ts';
import { createPolicy } from './redaction/allow-list.ts';
import type { RecordType } from './record/data.ts';
import type { NoteClass } from './record/note-data.ts';
import { parseRecord } from './record/record.ts';
import type { NewRecord } from './recorder/appender.ts';
import type { RecorderClient } from './recorder/client.ts';
import type { Outcome } from './recorder/parts.ts';
import type { Intake } from './recorder/intake.ts';
import { createInventories } from './recorder/inventories.ts';
import type { DiscoveredState, SourceProblem } from './sources/source.ts';
import type { Sqlite } from './store/database.ts';
import { createEntries } from './store/entries.ts';
import { numberAt, textAt } from './store/queries-fields.ts';
import { createSettings, type SettingName } from './store/settings.ts';

export interface JournalParts {
  readonly recorder: Pick<RecorderClient, 'append'>;
  readonly config: Config;
  readonly origin: string;
  readonly vkey: string;
  /** Milliseconds of a clock that nobody sets back. */
  now(): number;
  tell(outcome: Outcome): void;
}

export interface Journal {
  /** log.created for a new log, then log.started and log.configured. */
  begin(database: Sqlite): Promise<void>;
  heartbeat(): Promise<void>;
  /**
   * What the sources find now, when that differs from what was recorded of it last: at once, but not twice a minute; where
   * it is too large for a leaf, not twice a heartbeat.
   */
  inventory(
    states: readonly DiscoveredState[],
    problems: readonly SourceProblem[],
    intake: Pick<Intake, 'unseen'>,
  ): Promise<void>;
  /** Who read through the API: log.accessed for each. */
  accessed(entries: readonly Accessed[]): Promise<void>;
  end(reason: string): Promise<void>;
  /** Appends change.noted about an earlier record; returns its leaf index. Throws ConfigError `note-invalid`. */
  note(payload: Readonly<Record<string, unknown>>, log: NotedLog): Promise<number>;
}

/** All the sources of the configuration together, as the vantage of their inventory names them. */
const INVENTORIED = 'sources';
const MAX_NOTE_UNITS = 4000;

/** What a note needs of the log it goes into. */
export interface NotedLog {
  readonly size: number;
  /** Empty where the body is not here any more. */
  readonly lineAt: (leafIndex: number) => Uint8Array;
}

const NOTE_CLASSES: readonly NoteClass[] = ['emergency', 'exception', 'false-alarm'];

function asNoteClass(value: unknown): NoteClass {
  const found = NOTE_CLASSES.find((word) => word === value);
  if (found === undefined) throw noteInvalid(`one of ${NOTE_CLASSES.join(', ')} as class`);
  return found;
}

/** The change that a record closes, or is a step of. */
function changeOf(line: Uint8Array): string | undefined {
  if (line.length === 0) return undefined;
  const { type, id, data } = parseRecord(line);
  const change = type === 'state.changed' ? id : textAt(data, 'change');
  return change === '' ? undefined : change;
}

function noteInvalid(expected: string): ConfigError {
  return new ConfigError('note-invalid', `expected ${expected}, got something else`, {
    hint: 'see: stateseal note --help',
  });
}

/** After so many heartbeats without a look a state is silent; the verifier calls a recorder silent after as many. */
const SILENT_HEARTBEATS = 2.5;
/** Version of everything on disk that a verifier reads. */
const FORMAT_VERSION = 1;

export function createJournal(parts: JournalParts): Journal {
  const { config, origin, recorder } = parts;
  let lastBeatMs = parts.now();
  const inventories = createInventories(config, () => parts.now());

  const toRecord = (type: RecordType, data: Readonly<Record<string, unknown>>): NewRecord => ({
    type,
    source: origin,
    subject: origin,
    moment: { source: 'recorder', effectiveTime: '', timeBasis: 'clock' },
    data,
  });
  const append = async (...records: NewRecord[]): Promise<void> => parts.tell(await recorder.append(records));

  return {
    async begin(database) {
      const isNew = createEntries(database).size() === 0;
      const configured = describeConfig(config);
      const configuration = createHash('sha256').update(formatJson(configured)).digest('hex');
      const program = { version: readVersion(), digest: await digestProgram(), node: process.version };
      const created = {
        origin,
        vkey: parts.vkey,
        format: FORMAT_VERSION,
        heartbeatSeconds: config.heartbeatMs / 1000,
        archive: describeArchive(config),
        predecessor: readSetting(database, 'predecessor'),
      };
      // Said once: by the first start on what was restored.
      const restored = readSetting(database, 'restored');
      const isRestored = isJsonObject(restored) && numberAt(restored, 'size') === createEntries(database).size();
      await append(
        ...(isNew ? [toRecord('log.created', created)] : []),
        toRecord('log.started', {
          program,
          configuration,
          host: hostname(),
          system: `${platform()} ${release()}`,
          uid: process.getuid?.() ?? -1,
          pid: process.pid,
          restored: isRestored ? restored : undefined,
        }),
        toRecord('log.configured', { configuration, settings: configured }),
      );
    },
    async heartbeat() {
      if (parts.now() - lastBeatMs < config.heartbeatMs) return;
      lastBeatMs = parts.now();
      await append(toRecord('log.heartbeat', { intervalSeconds: config.heartbeatMs / 1000 }));
    },
    async inventory(states, problems, intake) {
      const unseen = intake.unseen(SILENT_HEARTBEATS * config.heartbeatMs);
      const data = inventories.next({ states, problems, unseen });
      if (data === undefined) return;
      const moment = { source: INVENTORIED, effectiveTime: '', timeBasis: 'clock' } as const;
      const spill = { into: 'list', members: ['unwatched', 'unseen', 'problems'] };
      await append({ ...toRecord('source.inventoried', { ...data }), moment, spill });
    },
    accessed: (entries) => append(...entries.map((entry) => toRecord('log.accessed', { ...entry }))),
    end: (reason) => append(toRecord('log.stopped', { reason })),
    async note({ target, text, ticket, class: noteClass }, { size, lineAt }) {
      if (typeof target !== 'number' || !Number.isSafeInteger(target) || target < 0 || target >= size) {
        throw noteInvalid(`the number of a record below ${size}`);
      }
      if (typeof text !== 'string' || text === '' || text.length > MAX_NOTE_UNITS) {
        throw noteInvalid(`a text of 1 to ${MAX_NOTE_UNITS} characters`);
      }
      const outcome = await recorder.append([
        toRecord('change.noted', {
          target,
          change: changeOf(lineAt(target)),
          text,
          ticket: typeof ticket === 'string' ? ticket.slice(0, 200) : undefined,
          class: noteClass === undefined ? undefined : asNoteClass(noteClass),
        }),
      ]);
      parts.tell(outcome);
      return outcome.from;
    },
  };
}

function readSetting(database: Sqlite, name: SettingName): Json | undefined {
  const text = createSettings(database).get(name);
  return text === undefined ? undefined : parseJson(Buffer.from(text));
}

/** The settings in clear: paths, labels, rules. No credentials: none are ever in the configuration. */
function describeConfig(config: Config): Json {
  return {
    roots: config.roots.map(({ label, path }) => ({ label, path })),
    ...(config.buckets.length === 0 ? {} : { buckets: config.buckets.map(describeBucket) }),
    ignore: config.ignore,
    names: config.names,
    labels: config.labels,
    spool: { directory: config.spool.directory, ...config.spool.quotas },
    redaction: {
      values: config.redaction.values,
      hide: config.redaction.hide,
      show: config.redaction.show,
      policy: createPolicy(config.redaction).digest,
    },
    seal: config.seal,
    archive: describeArchive(config),
    ...(config.http === undefined ? {} : { http: describeHttp(config.http) }),
    ...(config.backend === undefined ? {} : { backend: describeBackend(config.backend) }),
    heartbeatSeconds: config.heartbeatMs / 1000,
    maxFileBytes: config.maxFileBytes,
    quietSeconds: config.quietMs / 1000,
  };
}

function describeHttp({ host, port, names, tls, userHeader }: HttpConfig): Json {
  return { host, port, names: [...names], tls: tls !== undefined, userHeader };
}

function describeBackend({ host, port, tls, states }: BackendConfig): Json {
  return {
    host,
    port,
    tls: tls !== undefined,
    states: states.map(({ name, storage }) => ({ name, storage: formatArchiveLocation(storage) })),
  };
}

/** Where, not how: endpoints are the archive's affair neither, and a profile names credentials. */
function describeBucket(bucket: ConfiguredBucket): Json {
  const { pollMs, workspaceKeyPrefix, states } = bucket;
  return { uri: formatUri(bucket), pollSeconds: pollMs / 1000, workspaceKeyPrefix, states };
}

function describeArchive({ archive }: Config): Json {
  return {
    location: formatArchiveLocation(archive.location),
    mode: archive.location.kind === 's3' ? archive.mode : 'none',
    structureDays: archive.structureDays,
    contentDays: archive.contentDays,
    ...(archive.legalHold ? { legalHold: true } : {}),
  };
}
