// TypeScript interfaces as a JSON Schema could say them: member names, which may be left out, and string unions.
// Read from the syntax tree alone, so that a schema is compared with what the code says, not with a copy of it.
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export interface DeclaredMember {
  readonly isOptional: boolean;
  /** The strings it may be, sorted, when its type is a union of string literals. */
  readonly literals: readonly string[] | undefined;
}

export interface Declarations {
  /** Interface name → own members, without those it extends. */
  readonly interfaces: ReadonlyMap<string, ReadonlyMap<string, DeclaredMember>>;
  /** Type name → its strings, sorted, for unions of string literals. */
  readonly unions: ReadonlyMap<string, readonly string[]>;
}

export function readDeclarations(file: URL): Declarations {
  const source = ts.createSourceFile('source.ts', readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const interfaces = new Map<string, ReadonlyMap<string, DeclaredMember>>();
  const unions = new Map<string, readonly string[]>();
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, readMembers(statement));
    if (!ts.isTypeAliasDeclaration(statement)) continue;
    const literals = readLiterals(statement.type);
    if (literals !== undefined) unions.set(statement.name.text, literals);
  }
  return { interfaces, unions };
}

function readMembers(declaration: ts.InterfaceDeclaration): Map<string, DeclaredMember> {
  const members = new Map<string, DeclaredMember>();
  for (const member of declaration.members) {
    if (!ts.isPropertySignature(member) || !ts.isIdentifier(member.name)) continue;
    const isOptional = member.questionToken !== undefined || hasUndefined(member.type);
    members.set(member.name.text, { isOptional, literals: readLiterals(member.type) });
  }
  return members;
}

function hasUndefined(type: ts.TypeNode | undefined): boolean {
  return (
    type !== undefined &&
    ts.isUnionTypeNode(type) &&
    type.types.some((part) => part.kind === ts.SyntaxKind.UndefinedKeyword)
  );
}

function readLiterals(type: ts.TypeNode | undefined): readonly string[] | undefined {
  if (type === undefined) return undefined;
  const parts = ts.isUnionTypeNode(type) ? type.types : [type];
  const strings: string[] = [];
  for (const part of parts) {
    if (!ts.isLiteralTypeNode(part) || !ts.isStringLiteral(part.literal)) return undefined;
    strings.push(part.literal.text);
  }
  return strings.sort();
}
