// docs/aws/ against the source: every command the program can send stands in the table, and every role's policy allows
// exactly the actions that the commands on its paths need.
import { expect } from 'chai';
import ts from 'typescript';
import { readSourceTree, walk, type SourceFile } from '../architecture/source-tree.ts';
import * as aws from '../support/aws-policies.ts';

const DENIED_TO_ALL = ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'];

describe('docs/aws', () => {
  const rows = aws.readCommandRows();
  const sent = readSourceTree('daemon').flatMap((file) => sentCommands(file).map((name) => `${file.path} ${name}`));

  it('the table lists exactly the commands that the source can send', () => {
    expect(sent.length).to.be.greaterThan(8);
    const known = rows.map(({ file, command }) => `${file} ${command}`);
    expect(unique(sent)).to.deep.equal(unique(known));
  });

  it('sees commands however they are written', () => {
    const text =
      'const a = new sdk.PutObjectCommand({}); const { DeleteObjectCommand } = sdk; new other["GetObjectCommand"]();';
    const tree = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true);
    expect(sentCommands({ tree })).to.deep.equal(['PutObject', 'DeleteObject', 'GetObject']);
  });

  it('every row says why it is so', () => {
    const silent = rows.filter(({ sources, actions }) => sources.length === 0 || actions.length === 0);
    expect(silent).to.deep.equal([]);
  });

  for (const role of aws.ROLES) {
    it(`${role} is allowed what its commands need, and nothing else`, () => {
      const needed = rows.filter(({ roles }) => roles.includes(role)).flatMap(({ actions }) => actions);
      expect(needed.length).to.be.greaterThan(0);
      expect(aws.allowedActions(role)).to.deep.equal(unique(needed));
    });
    it(`${role} allows by name, below the prefix or on the bucket, and no wildcard`, () => {
      for (const { Effect, Action, Resource, Principal } of aws.readPolicy(role).Statement) {
        expect(Effect).to.equal('Allow');
        expect(Principal).to.equal(undefined);
        for (const action of aws.listed(Action)) expect(action).to.match(/^s3:[A-Za-z]+$/u);
        const places = ['arn:aws:s3:::EXAMPLE-BUCKET', 'arn:aws:s3:::EXAMPLE-BUCKET/EXAMPLE-PREFIX/*'];
        // Terraform keeps other workspaces beside the prefix, not below it.
        if (role === 'state-reader') places.push('arn:aws:s3:::EXAMPLE-BUCKET/env:/*');
        expect(places).to.include.members([...aws.listed(Resource)]);
      }
    });
  }

  it('no role may delete or bypass, and the bucket policy denies both to everybody', () => {
    // What keeps states for Terraform works on a bucket of its own, never on the archive's.
    const ofArchive = aws.ROLES.filter((role) => role !== 'state-keeper');
    const allowed = ofArchive.flatMap((role) => aws.allowedActions(role));
    expect(allowed.filter((action) => DENIED_TO_ALL.includes(action))).to.deep.equal([]);
    const denied = aws
      .readPolicy('bucket-policy')
      .Statement.filter(({ Condition, Principal }) => Condition === undefined && Principal === '*')
      .flatMap(({ Action }) => aws.listed(Action));
    expect(denied).to.have.members(DENIED_TO_ALL);
  });

  it('the keeper and those who read cannot put objects', () => {
    for (const role of ['keeper', 'verifier', 'auditor', 'state-reader'] as const) {
      expect(aws.allowedActions(role), role).not.to.include('s3:PutObject');
    }
  });

  it('the bucket policy asks of a put what every put of ours has', () => {
    const asked = aws
      .readPolicy('bucket-policy')
      .Statement.filter(({ Action }) => aws.listed(Action).includes('s3:PutObject'))
      .flatMap(({ Condition }) => Object.keys(Condition?.['Null'] ?? {}));
    expect(asked).to.have.members(['s3:if-none-match', 's3:object-lock-mode', 's3:object-lock-retain-until-date']);
  });
});

/** Names like XCommand, wherever a value of that name is used: only types may be spoken of without being sent. */
function sentCommands({ tree }: Pick<SourceFile, 'tree'>): string[] {
  const found: string[] = [];
  walk(tree, (node) => {
    if (!ts.isIdentifier(node) && !ts.isStringLiteralLike(node)) return;
    const name = /^([A-Z][A-Za-z0-9]+)Command$/u.exec(node.text)?.[1];
    if (name === undefined || isTypePosition(node) || isComparison(node)) return;
    found.push(name);
  });
  return found;
}

function isTypePosition(node: ts.Node): boolean {
  return (
    ts.isTypeReferenceNode(node.parent) || ts.isInterfaceDeclaration(node.parent) || ts.isImportSpecifier(node.parent)
  );
}

/** `command === 'GetObjectCommand'` looks at a name. */
function isComparison(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) && ts.isBinaryExpression(node.parent);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
