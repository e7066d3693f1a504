// A piece of SQL with its bound parameters, and how pieces are put together. Pure.

export interface SqlPart {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

export function oneOf(column: string, values: readonly string[]): SqlPart {
  return { sql: `${column} IN (${values.map(() => '?').join(', ')})`, parameters: values };
}

export function joinParts(glue: ' AND ' | ' OR ', parts: readonly SqlPart[]): SqlPart {
  if (parts.length === 0) return { sql: glue === ' AND ' ? '1' : '0', parameters: [] };
  return {
    sql: `(${parts.map((part) => part.sql).join(glue)})`,
    parameters: parts.flatMap((part) => part.parameters),
  };
}
