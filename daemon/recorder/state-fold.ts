// One state folded from its records, from a baseline on: what its row, snapshot and open change held when the newest of
// them was appended. Pure but for the bodies it reads; the tables are the caller's.
import { isJsonObject, type JsonObject } from '../json/value.ts';
import type { StateVersionData } from '../record/data.ts';
import type { HiddenBy, HiddenValue, InstanceBody } from '../record/observation.ts';
import type { ParsedRecord } from '../record/record.ts';
import type { Tagger } from '../redaction/keys.ts';
import { wholeData, type BlobReader } from '../store/queries-blob.ts';
import { objectAt, objectsAt, textAt, textsAt, timeMs } from '../store/queries-fields.ts';
import { instanceKey, type BaseRow, type SnapshotRow, type StateRow } from '../store/states.ts';
import { NO_VERSION, readVersion } from './identity.ts';
import type { LockFacts, OpenChange } from './open-change.ts';
import { rebuiltTag, UNKNOWN_CONTENT } from './rebuilt-tag.ts';
import { replayTree, type ReplayedStep } from './replay-tree.ts';
import { formatBody, type StoredOutput } from './steps.ts';

export interface FoldParts {
  readonly blobs: BlobReader;
  /** Makes tags of what is shown; what is hidden stays without. */
  readonly tagger: Tagger;
  /** For a reader of the log: what stands for a hidden value, kept when a snapshot is renewed; without it ''. */
  readonly tagOf?: (entry: Pick<HiddenValue, 'kid' | 'commitment'>) => string;
  /** For a reader of the log: an address as it may be shown by now. */
  readonly addressOf?: (address: string) => string;
}

interface FoldedChange {
  readonly facts: OpenChange;
  readonly bases: Map<string, BaseRow>;
}

export class StateFold {
  readonly outputs = new Map<string, StoredOutput>();
  /** The change that no state.changed has closed. */
  open: FoldedChange | undefined;
  /** A baseline was found, and the body of each record since. */
  isWhole = false;
  readonly #id: string;
  readonly #parts: FoldParts;
  readonly #bodies = new Map<string, InstanceBody>();
  #identity = { name: '', reference: '', workspace: '' };
  #version = NO_VERSION;
  #form: StateRow['form'] = 'clear';
  #isRetired = false;
  #isNewborn = false;
  #sourceVersion = '';
  #unreadableVersion = '';
  #lock = '';
  #lockFacts: LockFacts | undefined;

  constructor(id: string, parts: FoldParts) {
    this.#id = id;
    this.#parts = parts;
  }

  /** Takes the next record of the state, in the order of the leaves. */
  add(record: ParsedRecord): void {
    const data = wholeData(record.data, this.#parts.blobs);
    const state = objectAt(data, 'state') ?? {};
    this.#identity = {
      name: textAt(state, 'name'),
      reference: textAt(state, 'reference'),
      workspace: textAt(state, 'workspace'),
    };
    this.#addByType(record, data);
    // What is said of a change later names its version, and is none.
    const version = record.type.startsWith('change.') ? undefined : readVersion(data);
    if (version !== undefined) this.#seeVersion(version);
  }

  toRow(nowMs: number): StateRow {
    const { name, reference, workspace } = this.#identity;
    const { lineage, serial, toolVersion } = this.#version;
    return {
      id: this.#id,
      name,
      uri: reference,
      workspace,
      form: this.#form,
      lineage,
      serial,
      toolVersion,
      contentTag: this.isWhole ? rebuiltTag(this.#version) : UNKNOWN_CONTENT,
      sourceVersion: this.#sourceVersion,
      condition: this.#unreadableVersion === '' ? 'state' : 'unreadable',
      conditionSinceMs: nowMs,
      isRetired: this.#isRetired,
      // Nothing that is stored was redacted under what is known now.
      knowledge: '',
      lock: this.#lock,
      unreadableVersion: this.#unreadableVersion,
    };
  }

  *snapshotRows(): Generator<SnapshotRow> {
    for (const [key, body] of this.#bodies) {
      const [address = '', deposed = ''] = key.split('\0');
      yield { address, deposed, rawTag: '', body: formatBody(body) };
    }
  }

  #addByType(record: ParsedRecord, data: JsonObject): void {
    switch (record.type) {
      case 'state.baselined':
        return this.#baseline(data);
      case 'resource.changed':
        return this.#step(record, data, (step) => this.#replayInstance(data, step));
      case 'output.changed':
        return this.#step(record, data, (step) => this.#replayOutput(data, step));
      case 'state.changed':
        this.open = undefined;
        this.#isNewborn = false;
        return;
      case 'state.retired':
        this.open = undefined;
        this.#isRetired = true;
        return;
      case 'state.unreadable':
        this.#unreadableVersion = textAt(data, 'sourceVersion');
        return;
      case 'lock.acquired':
      case 'lock.released':
      case 'lock.abandoned':
        return this.#seeLock(record.type, data);
      default:
    }
  }

  #seeVersion(version: StateVersionData): void {
    this.#version = version;
    this.#isRetired = false;
    this.#unreadableVersion = '';
    // A version that came from the backup leaves the cursor where it is.
    if (!version.sourceVersion.startsWith('backup:')) this.#sourceVersion = version.sourceVersion;
  }

  #baseline(data: JsonObject): void {
    const before = textAt(data, 'reason') === 'renewed' ? this.#hiddenTags() : new Map<string, string>();
    this.#bodies.clear();
    this.outputs.clear();
    this.open = undefined;
    this.#form = textAt(data, 'form') === 'opaque' ? 'opaque' : 'clear';
    const snapshot = objectAt(data, 'snapshot');
    this.#isNewborn = snapshot === undefined && this.#form === 'clear';
    const lines = snapshot === undefined ? [] : this.#parts.blobs.lines(textAt(snapshot, 'sha256'));
    this.isWhole = lines !== undefined;
    for (const line of lines ?? []) if (isJsonObject(line)) this.#baselineLine(line, before);
  }

  #baselineLine(line: JsonObject, tagsBefore: ReadonlyMap<string, string>): void {
    const output = line['output'];
    const key = typeof output === 'string' ? `output\0${output}` : this.#keyOf(line);
    const hidden = objectsAt(line, 'hidden')
      .map((entry) => this.#toHidden(entry))
      .map((entry) => ({ ...entry, tag: tagsBefore.get(`${key}\0${entry.path}`) ?? entry.tag }));
    if (typeof output === 'string') {
      this.outputs.set(output, { sensitive: line['sensitive'] === true, value: line['value'] ?? null, hidden });
      return;
    }
    const attributes = objectAt(line, 'attributes') ?? {};
    const head = { type: textAt(line, 'type'), provider: textAt(line, 'provider'), tainted: line['tainted'] === true };
    this.#putBody(key, head, attributes, hidden);
  }

  #step(record: ParsedRecord, data: JsonObject, replay: (step: ReplayedStep) => void): void {
    const stored = objectAt(data, 'body');
    const body = stored === undefined ? data : this.#parts.blobs.json(textAt(stored, 'sha256'));
    this.#openChange(record, data);
    if (!isJsonObject(body)) this.isWhole = false;
    else if (this.isWhole) {
      replay({
        changes: objectsAt(body, 'changes') as unknown as ReplayedStep['changes'],
        hidden: objectsAt(body, 'hidden').map((entry) => this.#toHidden(entry)),
      });
    }
  }

  #replayInstance(data: JsonObject, step: ReplayedStep): void {
    const key = this.#keyOf(data);
    const before = this.#bodies.get(key);
    // A step of what is not known here, such as an address that was renamed because its key is a secret.
    if (before === undefined && step.changes.some(({ path }) => path !== '')) return void (this.isWhole = false);
    const after = replayTree(before && { value: before.attributes, hidden: before.hidden }, step);
    const isGone = after === undefined || !isJsonObject(after.value);
    this.#keepBase('resource', key, before && formatBody(before), isGone);
    if (isGone) return void this.#bodies.delete(key);
    const head = {
      type: textAt(data, 'resourceType'),
      provider: textAt(data, 'provider'),
      tainted: data['tainted'] === true,
    };
    this.#putBody(key, head, after.value, after.hidden);
  }

  #replayOutput(data: JsonObject, step: ReplayedStep): void {
    const name = textAt(data, 'output');
    const before = this.outputs.get(name);
    const after = replayTree(before, step);
    this.#keepBase('output', instanceKey(name, ''), before && formatBody(before), after === undefined);
    if (after === undefined) this.outputs.delete(name);
    else this.outputs.set(name, { sensitive: data['sensitive'] === true, ...after });
  }

  #putBody(
    key: string,
    head: Pick<InstanceBody, 'type' | 'provider' | 'tainted'>,
    attributes: JsonObject,
    hidden: readonly HiddenValue[],
  ): void {
    const id = attributes['id'];
    const isHidden = hidden.some(({ path }) => path === '/id' || path.startsWith('/id/'));
    const idTag = id === undefined || id === null || isHidden ? '' : this.#parts.tagger.value(id);
    this.#bodies.set(key, { ...head, createBeforeDestroy: false, contentTag: '', idTag, attributes, hidden });
  }

  #openChange(record: ParsedRecord, data: JsonObject): void {
    const id = textAt(data, 'change');
    const version = readVersion(data) ?? this.#version;
    const recordedMs = timeMs(record.time, 0);
    const facts = this.open?.facts.id === id ? this.open.facts : this.#beginChange(id, recordedMs);
    const isFailed = data['tainted'] === true || textsAt(data, 'actions').includes('taint');
    const grown: OpenChange = {
      ...facts,
      lastVersionMs: recordedMs,
      version,
      serials: version.serial === facts.serials.at(-1) ? facts.serials : [...facts.serials, version.serial].slice(-256),
      steps: facts.steps + 1,
      effectiveTime: textAt(data, 'effectiveTime'),
      isLineageChanged: facts.isLineageChanged || version.lineage !== facts.before.lineage,
      hasFailedObject: facts.hasFailedObject || isFailed,
    };
    this.open = { facts: grown, bases: this.open?.facts.id === id ? this.open.bases : new Map<string, BaseRow>() };
  }

  #beginChange(id: string, openedMs: number): OpenChange {
    const { lineage, serial } = this.#version;
    return {
      id,
      openedMs,
      lastVersionMs: openedMs,
      isNewborn: this.#isNewborn,
      before: { lineage, serial: this.#isNewborn ? '0' : serial, contentTag: rebuiltTag(this.#version) },
      version: this.#version,
      serials: [],
      steps: 0,
      effectiveTime: '',
      lock: this.#lockFacts,
      // What lay between was not counted: no link, no claim.
      holds: -1,
      isLinked: false,
      hasFreshBackup: false,
      numberedBackupSeconds: 0,
      isLineageChanged: false,
      hasFailedObject: false,
    };
  }

  #keepBase(kind: BaseRow['kind'], key: string, body: string | undefined, wasAbsent: boolean): void {
    const bases = this.open?.bases;
    const [address = '', deposed = ''] = key.split('\0');
    const first = bases?.get(`${kind}\0${key}`) ?? { kind, address, deposed, body, wasAbsent };
    bases?.set(`${kind}\0${key}`, { ...first, wasAbsent: first.wasAbsent || wasAbsent });
  }

  #keyOf(data: JsonObject): string {
    const address = textAt(data, 'address');
    return instanceKey(this.#parts.addressOf?.(address) ?? address, textAt(data, 'deposed'));
  }

  #toHidden(entry: JsonObject): HiddenValue {
    const [kid, commitment] = [textAt(entry, 'kid'), textAt(entry, 'commitment')];
    const tag = this.#parts.tagOf?.({ kid, commitment }) ?? '';
    return { path: textAt(entry, 'path'), by: textAt(entry, 'by') as HiddenBy, tag, kid, commitment };
  }

  #hiddenTags(): Map<string, string> {
    const tags = new Map<string, string>();
    const add = (key: string, hidden: readonly HiddenValue[]): void => {
      for (const { path, tag } of hidden) tags.set(`${key}\0${path}`, tag);
    };
    for (const [key, { hidden }] of this.#bodies) add(key, hidden);
    for (const [name, { hidden }] of this.outputs) add(`output\0${name}`, hidden);
    return tags;
  }

  #seeLock(type: string, data: JsonObject): void {
    const id = textAt(data, 'lock', 'id');
    const created = textAt(data, 'lock', 'created');
    const operation = textAt(data, 'lock', 'operation');
    const claims = objectsAt(data, 'claims') as unknown as LockFacts['claims'];
    const isHeld = type === 'lock.acquired';
    this.#lockFacts = isHeld ? { id, operation, created, createdMs: timeMs(created, 0), claims } : undefined;
    this.#lock = isHeld ? id : type === 'lock.abandoned' ? `abandoned:${id}` : '';
  }
}
