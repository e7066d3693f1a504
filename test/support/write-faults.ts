// Makes the n-th write to a recorder's database fail, from outside: triggers laid by another connection, which count
// down and abort. The writer meets them as it would a full disk, in the middle of its transaction.
import Database from 'better-sqlite3';

const TABLES = [
  'entry',
  'node',
  'blob',
  'batch',
  'setting',
  'taint',
  'state',
  'snapshot',
  'snapshot_output',
  'open_change',
  'change_base',
  'record_index',
  'change_index',
  'change_action',
];
const OPERATIONS = ['INSERT', 'UPDATE', 'DELETE'];

export interface WriteFaults {
  /** From now on, write number `position` (from 1 on) of any transaction fails, and every later one. */
  arm(position: number): void;
  disarm(): void;
  close(): void;
}

export function openWriteFaults(databasePath: string): WriteFaults {
  const database = new Database(databasePath);
  database.exec('CREATE TABLE IF NOT EXISTS test_fault (remaining INTEGER NOT NULL)');
  const names = TABLES.flatMap((table) => OPERATIONS.map((operation) => ({ table, operation })));
  const disarm = (): void => {
    for (const { table, operation } of names) database.exec(`DROP TRIGGER IF EXISTS fault_${table}_${operation}`);
    database.exec('DELETE FROM test_fault');
  };
  return {
    arm(position) {
      database.prepare('INSERT INTO test_fault VALUES (?)').run(position);
      for (const { table, operation } of names) {
        database.exec(`CREATE TRIGGER fault_${table}_${operation} AFTER ${operation} ON ${table} BEGIN
          UPDATE test_fault SET remaining = remaining - 1;
          SELECT RAISE(ABORT, 'injected') FROM test_fault WHERE remaining <= 0;
        END`);
      }
    },
    disarm,
    close: () => void database.close(),
  };
}
