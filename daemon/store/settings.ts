// Facts that a database keeps about itself beside the log: what it was restored from, and which log it succeeds.
import type { Sqlite } from './database.ts';

export interface Settings {
  /** Undefined when it was never set. */
  get(name: SettingName): string | undefined;
  set(name: SettingName, value: string): void;
}

/**
 * `restored`, `predecessor`: JSON for the next log.started and for log.created. `refused`: tags of versions that the
 * backend refused (recorder/refused-versions.ts).
 */
export type SettingName = 'restored' | 'predecessor' | 'refused';

export function createSettings(database: Sqlite): Settings {
  const get = database.prepare<[string], string>('SELECT value FROM setting WHERE name = ?').pluck();
  return {
    get: (name) => get.get(name),
    set(name, value) {
      database.prepare('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)').run(name, value);
    },
  };
}
