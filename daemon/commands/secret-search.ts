// Looks for one value through everything a log holds: the snapshots of now by their tags, changes and baselines by
// their commitments, and what was shown in clear. Holds the value in memory only.
import { isJsonObject, NumberText, type Json, type JsonObject } from '../json/value.ts';
import { parseJson } from '../json/parse.ts';
import type { ParsedRecord } from '../record/record.ts';
import { Committer, stateKey, tagOf, type RedactionKeys } from '../redaction/keys.ts';
import { outputAddress } from '../redaction/state.ts';
import { TaintSet } from '../redaction/taint.ts';
import { typedInput, typedText } from '../redaction/typed-input.ts';
import type { Sqlite } from '../store/database.ts';
import { createBlobReader, type BlobReader } from '../store/queries-blob.ts';
import { objectAt, objectsAt, textAt } from '../store/queries-fields.ts';
import { flatten } from '../store/queries-net.ts';
import { createRecordReader } from '../store/queries-read.ts';
import { createStates } from '../store/states.ts';

export interface Sighting {
  /** 'state': stands there now; 'change', 'baseline': record `number` saw it. */
  readonly where: 'state' | 'change' | 'baseline';
  readonly state: string;
  /** Instance address, or output.<name>. */
  readonly address: string;
  readonly path: string;
  /** Leaf index, or -1 for what stands in a state now. */
  readonly number: number;
  /** RFC 3339; '' for now. */
  readonly time: string;
  /** The value itself stands in the log: it was not known to be a secret. */
  readonly isShown: boolean;
}

export interface SearchResult {
  /** Newest first; what stands now before what stood. */
  readonly sightings: readonly Sighting[];
  /** It is known as a secret, or holds one, or is one form of one. */
  readonly isKnownSecret: boolean;
  /** Hidden values whose key epoch is not at hand any more. */
  readonly uncheckedCount: number;
}

/** `keys`: one per epoch, all with the same equality key. */
export function searchSecret(database: Sqlite, keys: readonly RedactionKeys[], text: string): SearchResult {
  const [first] = keys;
  if (first === undefined) return { sightings: [], isKnownSecret: false, uncheckedCount: 0 };
  const values = candidateValues(text);
  const matcher = createMatcher(keys, values);
  const states = createStates(database);
  const sightings = [
    ...standingNow(states, new Set(values.map((value) => tagOf(first.equalityKey, typedInput(value)))), matcher),
    ...stoodOnce(database, matcher),
  ];
  const isKnownSecret = new TaintSet(first.equalityKey, states.taint()).covers(text);
  return { sightings, isKnownSecret, uncheckedCount: matcher.uncheckedCount() };
}

/** The text itself; and, where it is one, the number or truth value it may have been. */
function candidateValues(text: string): Json[] {
  if (/^(?:true|false)$/.test(text)) return [text, text === 'true'];
  if (!/^-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?$/.test(text)) return [text];
  return [text, ...(/^-?0[0-9]/.test(text) ? [] : [new NumberText(text)])];
}

interface HiddenEntry {
  readonly path: string;
  readonly kid: string;
  readonly commitment: string;
}

interface Matcher {
  isHidden(stateId: string, address: string, entry: HiddenEntry): boolean;
  isShown(value: Json): boolean;
  uncheckedCount(): number;
}

function createMatcher(keys: readonly RedactionKeys[], values: readonly Json[]): Matcher {
  const committers = new Map<string, Committer>();
  const epochs = new Map(keys.map(({ epoch }) => [epoch.kid, epoch.key]));
  const texts = new Set(values.map(typedText));
  let uncheckedCount = 0;
  const committerOf = (kid: string, stateId: string): Committer | undefined => {
    const known = committers.get(`${kid}\0${stateId}`);
    const epoch = epochs.get(kid);
    if (known !== undefined || epoch === undefined) return known;
    const made = new Committer(stateKey(epoch, stateId));
    committers.set(`${kid}\0${stateId}`, made);
    return made;
  };
  return {
    isHidden(stateId, address, { kid, path, commitment }) {
      const committer = committerOf(kid, stateId);
      if (committer === undefined) uncheckedCount += 1;
      return committer !== undefined && values.some((value) => committer.commit(address, path, value) === commitment);
    },
    isShown: (value) => texts.has(typedText(value)),
    uncheckedCount: () => uncheckedCount,
  };
}

/** The snapshots of every state, by tag: exact whatever epoch they were redacted in. */
function standingNow(states: ReturnType<typeof createStates>, tags: ReadonlySet<string>, matcher: Matcher): Sighting[] {
  return states.all().flatMap((state) => {
    const found: Sighting[] = [];
    const look = (address: string, body: JsonObject, tree: Json | undefined): void => {
      const hidden = objectsAt(body, 'hidden').filter((entry) => tags.has(textAt(entry, 'tag')));
      const shown = shownPaths('', tree, matcher);
      const place = { where: 'state', state: state.name, address, number: -1, time: '' } as const;
      hidden.forEach((entry) => found.push({ ...place, path: textAt(entry, 'path'), isShown: false }));
      shown.forEach((path) => found.push({ ...place, path, isShown: true }));
    };
    if (state.isRetired) return [];
    for (const { address, deposed, body } of states.snapshots(state.id)) {
      const parsed = parseObject(body);
      look(deposed === '' ? address : `${address} (deposed ${deposed})`, parsed, parsed['attributes']);
    }
    for (const [name, body] of states.outputs(state.id)) {
      const parsed = parseObject(body);
      look(outputAddress(name), parsed, parsed['value']);
    }
    return found;
  });
}

const VALUE_TYPES = "('resource.changed', 'output.changed', 'state.baselined')";

function stoodOnce(database: Sqlite, matcher: Matcher): Sighting[] {
  const blobs = createBlobReader(database);
  const reader = createRecordReader(database);
  const indexes = database
    .prepare<[]>(`SELECT leaf_index FROM record_index WHERE type IN ${VALUE_TYPES} ORDER BY leaf_index DESC`)
    .pluck()
    .all() as number[];
  return indexes.flatMap((leafIndex) => {
    const record = reader.byIndex(leafIndex)?.record;
    if (record === undefined) return [];
    const place = { number: leafIndex, time: textAt(record.data, 'effectiveTime') || record.time } as const;
    const stateId = textAt(record.data, 'state', 'id');
    const state = textAt(record.data, 'state', 'name');
    const where = record.type === 'state.baselined' ? 'baseline' : 'change';
    return bodiesOf(record, blobs).flatMap((body) =>
      findIn(body, stateId, matcher).map((hit) => ({ ...place, where, state, address: body.shownAs, ...hit })),
    );
  });
}

/** Values under one subject: `address` is what commitments are made with. */
interface SearchedBody {
  readonly address: string;
  readonly shownAs: string;
  readonly hidden: readonly JsonObject[];
  /** Trees and the pointer each begins at. */
  readonly trees: readonly (readonly [path: string, tree: Json])[];
}

function bodiesOf({ type, data }: ParsedRecord, blobs: BlobReader): SearchedBody[] {
  if (type === 'state.baselined') {
    const snapshot = objectAt(data, 'snapshot');
    const lines = snapshot === undefined ? [] : (blobs.lines(textAt(snapshot, 'sha256')) ?? []);
    return lines.filter(isJsonObject).map((line) => {
      const tree = line['attributes'] ?? line['value'];
      return { ...subjectOf(line), hidden: objectsAt(line, 'hidden'), trees: tree === undefined ? [] : [['', tree]] };
    });
  }
  const reference = objectAt(data, 'body');
  const stored = reference === undefined ? data : blobs.json(textAt(reference, 'sha256'));
  const body = isJsonObject(stored) ? stored : {};
  const trees = objectsAt(body, 'changes').flatMap((change) => {
    const path = textAt(change, 'path');
    return [change['before'], change['after']].flatMap((tree) => (tree === undefined ? [] : [[path, tree] as const]));
  });
  return [{ ...subjectOf(data), hidden: objectsAt(body, 'hidden'), trees }];
}

function subjectOf(data: JsonObject): Pick<SearchedBody, 'address' | 'shownAs'> {
  const output = textAt(data, 'output');
  if (output !== '') return { address: outputAddress(output), shownAs: outputAddress(output) };
  const address = textAt(data, 'address');
  const deposed = textAt(data, 'deposed');
  return { address, shownAs: deposed === '' ? address : `${address} (deposed ${deposed})` };
}

function findIn(body: SearchedBody, stateId: string, matcher: Matcher): Pick<Sighting, 'path' | 'isShown'>[] {
  const hidden = body.hidden
    .map((entry) => ({
      path: textAt(entry, 'path'),
      kid: textAt(entry, 'kid'),
      commitment: textAt(entry, 'commitment'),
    }))
    .filter((entry) => matcher.isHidden(stateId, body.address, entry))
    .map(({ path }) => ({ path, isShown: false }));
  const shown = new Set(body.trees.flatMap(([path, tree]) => shownPaths(path, tree, matcher)));
  return [...hidden, ...[...shown].map((path) => ({ path, isShown: true }))];
}

function shownPaths(from: string, tree: Json | undefined, matcher: Matcher): string[] {
  if (tree === undefined) return [];
  const scalars = new Map<string, Json>();
  flatten(from, tree, scalars);
  return [...scalars].filter(([, value]) => value !== null && matcher.isShown(value)).map(([path]) => path);
}

function parseObject(text: string): JsonObject {
  const value = parseJson(Buffer.from(text));
  return isJsonObject(value) ? value : {};
}
