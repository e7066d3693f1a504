import { expect } from 'chai';
import fc from 'fast-check';
import {
  formatDisplayText,
  formatReferenceUri,
  parseReferenceUri,
  toNameCandidates,
  toPlace,
  type SourceRoot,
} from '../../daemon/sources/reference.ts';

const root: SourceRoot = {
  label: 'infra',
  typedPath: './infra',
  kind: 'directory',
  directory: '/srv/infra',
  fileName: '',
};

function namesOf(relativePath: string): readonly string[] {
  return toNameCandidates(toPlace(root, relativePath));
}

describe('sources/reference', () => {
  it('places a state and its companions', () => {
    expect(toPlace(root, 'network/terraform.tfstate')).to.deep.include({
      reference: { uri: 'dir:infra/network/terraform.tfstate', workspace: 'default' },
      path: '/srv/infra/network/terraform.tfstate',
      lockPath: '/srv/infra/network/.terraform.tfstate.lock.info',
      backupPath: '/srv/infra/network/terraform.tfstate.backup',
      displayPath: 'infra/network/terraform.tfstate',
    });
  });

  it('strips the leading dot of a name for its lock file', () => {
    expect(toPlace(root, '.hidden.tfstate').lockPath).to.equal('/srv/infra/.hidden.tfstate.lock.info');
  });

  it('reads the workspace from the folder Terraform keeps it in', () => {
    const { reference } = toPlace(root, 'dns/terraform.tfstate.d/staging/terraform.tfstate');
    expect(reference).to.deep.equal({
      uri: 'dir:infra/dns/terraform.tfstate.d/staging/terraform.tfstate',
      workspace: 'staging',
    });
  });

  it('offers names from short to long', () => {
    expect(namesOf('network/terraform.tfstate')).to.deep.equal([
      'network',
      'infra/network',
      'infra/network/terraform.tfstate',
    ]);
    expect(namesOf('eu/dns/terraform.tfstate.d/staging/terraform.tfstate').slice(0, 3)).to.deep.equal([
      'dns@staging',
      'eu/dns@staging',
      'infra/eu/dns@staging',
    ]);
    expect(namesOf('terraform.tfstate')[0]).to.equal('infra');
    expect(namesOf('terraform.tfstate.d/prod/terraform.tfstate')[0]).to.equal('infra@prod');
    expect(namesOf('states/prod.tfstate').slice(0, 2)).to.deep.equal(['prod', 'states/prod']);
    expect(namesOf('app/.terraform/terraform.tfstate')[0]).to.equal('app');
  });

  it('encodes every byte that is not plain printable ASCII', () => {
    expect(formatReferenceUri('my infra', 'ä b%/x.tfstate')).to.equal('dir:my%20infra/%C3%A4%20b%25/x.tfstate');
    expect(formatReferenceUri('a/b', 'x#?.tfstate')).to.equal('dir:a%2Fb/x%23%3F.tfstate');
  });

  it('parses what it formats', () => {
    const segment = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !/[/\0]|^\.\.?$/.test(text));
    const property = fc.property(
      fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !text.includes('\0')),
      fc.array(segment, { minLength: 1, maxLength: 4 }),
      (label, segments) => {
        const uri = formatReferenceUri(label, segments.join('/'));
        expect(uri).to.match(/^[\x21-\x7e]+$/);
        expect(parseReferenceUri(uri)).to.deep.equal({ label, relativePath: segments.join('/') });
      },
    );
    fc.assert(property, { numRuns: 40 });
  });

  it('refuses what is not canonical or leads out', () => {
    const wrong = [
      'dir:infra',
      'dir:infra/',
      'dir:infra/../x',
      'dir:infra/a/%2E%2E/x',
      'dir:infra/a%2Fb',
      'dir:infra/%61',
    ];
    const others = [
      's3://b/k',
      'dir:infra/%',
      'dir:infra/a%00',
      'dir:infra//x',
      'dir:/x',
      'dir:infra/./x',
      'dir:infra/a b',
    ];
    for (const uri of [...wrong, ...others]) expect(parseReferenceUri(uri), uri).to.equal(undefined);
  });

  it('escapes what a terminal would obey', () => {
    expect(formatDisplayText('a\u001b[31m\u202e\u2028\ud800b')).to.equal('a\\u{1b}[31m\\u{202e}\\u{2028}\\u{d800}b');
    expect(toPlace(root, '\u001b]0;x\u0007/terraform.tfstate').displayPath).not.to.match(/\p{C}/u);
    expect(namesOf('\u001b[2J/terraform.tfstate')[0]).to.equal('\\u{1b}[2J');
  });
});
