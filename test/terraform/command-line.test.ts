// Command lines as people and pipelines type them, and secrets in every place of one.
import { expect } from 'chai';
import fc from 'fast-check';
import { parseCommandLine, toolOf } from '../../daemon/terraform/command-line.ts';
import { FLAGS, SUBCOMMANDS } from '../../daemon/terraform/command-words.ts';
import { formatCommand, toShownCommand } from '../../daemon/terraform/shown-command.ts';
import type { TerraformCommand } from '../../daemon/record/run.ts';

const NOTHING: TerraformCommand = {
  tool: 'terraform',
  subcommand: '',
  flags: [],
  variables: [],
  planFile: '',
  chdir: '',
};
const parse = (line: string): TerraformCommand | undefined => parseCommandLine(line.split(' '));

describe('parseCommandLine', () => {
  const LINES: readonly (readonly [line: string, expected: Partial<TerraformCommand>])[] = [
    ['terraform', {}],
    ['terraform apply', { subcommand: 'apply' }],
    ['/usr/bin/terraform apply -auto-approve', { subcommand: 'apply', flags: ['-auto-approve'] }],
    ['terraform apply --auto-approve=false', { subcommand: 'apply', flags: ['-auto-approve=false'] }],
    ['terraform apply out/tfplan', { subcommand: 'apply', planFile: 'out/tfplan' }],
    ['terraform apply -parallelism 3 tfplan', { subcommand: 'apply', flags: ['-parallelism=3'], planFile: 'tfplan' }],
    [
      'terraform plan -out=p.bin -lock=false',
      { subcommand: 'plan', flags: ['-out', '-lock=false'], planFile: 'p.bin' },
    ],
    ['terraform plan -out p.bin', { subcommand: 'plan', flags: ['-out'], planFile: 'p.bin' }],
    ['terraform -chdir=envs/prod destroy', { subcommand: 'destroy', chdir: 'envs/prod' }],
    ['tofu -version', { tool: 'tofu', flags: ['-version'] }],
    ['terraform -v', { flags: ['-version'] }],
    ['terraform --help', { flags: ['-help'] }],
    ['terraform apply -var b=SECRET -var=a=SECRET -var b=SECRET', { subcommand: 'apply', variables: ['a', 'b'] }],
    ['terraform apply -var SECRET -var =SECRET', { subcommand: 'apply' }],
    ['terraform apply -var-file SECRET.tfvars', { subcommand: 'apply', flags: ['-var-file'] }],
    [
      'terraform init -backend-config=token=SECRET -upgrade',
      { subcommand: 'init', flags: ['-backend-config', '-upgrade'] },
    ],
    [
      'terraform apply -target SECRET -target=SECRET -replace=SECRET',
      { subcommand: 'apply', flags: ['-target', '-replace'] },
    ],
    ['terraform state rm SECRET', { subcommand: 'state rm' }],
    ['terraform state mv SECRET SECRET', { subcommand: 'state mv' }],
    ['terraform state SECRET', { subcommand: 'state' }],
    ['terraform workspace new SECRET', { subcommand: 'workspace new' }],
    ['terraform providers lock -platform=SECRET', { subcommand: 'providers lock', flags: ['-platform'] }],
    ['terraform metadata functions -json', { subcommand: 'metadata functions', flags: ['-json'] }],
    ['terraform force-unlock -force SECRET', { subcommand: 'force-unlock', flags: ['-force'] }],
    ['terraform import -var x=SECRET SECRET SECRET', { subcommand: 'import', variables: ['x'] }],
    ['terraform test -filter=SECRET', { subcommand: 'test', flags: ['-filter'] }],
    ['terraform apply -lock-timeout=10s', { subcommand: 'apply', flags: ['-lock-timeout=10s'] }],
    ['terraform apply -lock-timeout=SECRET', { subcommand: 'apply', flags: ['-lock-timeout'] }],
    ['terraform apply -pSECRET', { subcommand: 'apply' }],
    ['terraform apply -unheard-of SECRET', { subcommand: 'apply' }],
    ['terraform apply -unheard-of=SECRET tfplan', { subcommand: 'apply', planFile: 'tfplan' }],
    ['terraform -unheard-of SECRET apply -json', {}],
    ['terraform SECRET apply', {}],
    ['terraform apply -- tfplan', { subcommand: 'apply', planFile: 'tfplan' }],
    ['terraform apply -var -auto-approve', { subcommand: 'apply' }],
    ['terraform apply -json -json', { subcommand: 'apply', flags: ['-json'] }],
    ['terraform graph -type=plan -plan=SECRET', { subcommand: 'graph', flags: ['-type=plan', '-plan'] }],
  ];
  for (const [line, expected] of LINES) {
    it(line, () => {
      expect(parse(line)).to.deep.equal({ ...NOTHING, ...expected });
      expect(JSON.stringify(parse(line))).to.not.include('SECRET');
    });
  }

  const PROGRAMS: readonly (readonly [program: string, tool: string | undefined])[] = [
    ['terraform', 'terraform'],
    ['./terraform', 'terraform'],
    ['/opt/tf/1.11.4/terraform', 'terraform'],
    ['terraform_1.11.4', 'terraform'],
    ['terraform-v1.5', 'terraform'],
    ['terraform1.7', 'terraform'],
    ['terraform_1.12.0-rc1_linux_amd64', 'terraform'],
    ['C:\\tools\\Terraform.exe', 'terraform'],
    ['tofu', 'tofu'],
    ['/usr/bin/tofu_1.9.0', 'tofu'],
    ['opentofu', 'tofu'],
    ['', undefined],
    ['terraform/run', undefined],
    ['/srv/terraform/bin/node', undefined],
    ['terraform-provider-aws_v5.1.0', undefined],
    ['terraform-ls', undefined],
    ['terragrunt', undefined],
    ['my-terraform', undefined],
    ['terraform.sh', undefined],
    ['bash', undefined],
  ];
  for (const [program, tool] of PROGRAMS) {
    it(`${JSON.stringify(program)} is ${tool ?? 'neither'}`, () => expect(toolOf(program)).to.equal(tool));
  }

  it('knows nothing of no words', () => expect(parseCommandLine([])).to.equal(undefined));

  it('shows no value, whatever the words and their order', () => {
    const canary = 'CaNaRy';
    const flag = fc.constantFrom(...FLAGS.keys(), 'unknown', 'x').map((name) => `-${name}`);
    const word = fc.oneof(
      fc.constantFrom(...SUBCOMMANDS.keys(), '--', '-', ''),
      flag,
      flag.map((name) => `-${name}`),
      flag.map((name) => `${name}=${canary}`),
      flag.map((name) => `${name}=k=${canary}`),
      fc.constantFrom(canary, `-${canary}`, `--${canary}=1`, `k=${canary}`, `module.a["${canary}"]`),
    );
    // The one place of a name of one's own choice: the saved plan, and the directory.
    const isShown = (command: TerraformCommand): boolean =>
      JSON.stringify({ ...command, planFile: '', chdir: '' }).includes(canary);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const command = parseCommandLine(['terraform', ...words]);
        expect(command && isShown(command)).to.equal(false);
        if (command?.subcommand !== 'apply' && command?.subcommand !== 'plan') expect(command?.planFile).to.equal('');
      }),
      { numRuns: 500 },
    );
  });

  it('is bounded on hostile lines', () => {
    const command = parseCommandLine([
      'terraform',
      'apply',
      ...Array.from({ length: 100_000 }, (_, index) => `-var=v${index}=x`),
    ]);
    expect(command?.variables).to.have.length(64);
  });
});

describe('toShownCommand', () => {
  const shown = (line: string): string => formatCommand(toShownCommand(parse(line) ?? NOTHING));
  it('keeps a plan by its base name', () => {
    expect(shown('terraform apply -auto-approve /home/alice/out/tfplan')).to.equal(
      'terraform apply -auto-approve tfplan',
    );
    expect(shown('terraform plan -out=out/tfplan')).to.equal('terraform plan -out=tfplan');
  });

  it('keeps a relative directory only', () => {
    expect(shown('terraform -chdir=envs/prod apply')).to.equal('terraform -chdir=envs/prod apply');
    for (const home of ['/home/alice/infra', '~/infra', 'C:\\Users\\alice']) {
      expect(shown(`terraform -chdir=${home} apply`)).to.equal('terraform apply');
    }
  });

  it('leaves out what has the shape of a secret', () => {
    for (const secret of ['AKIAIOSFODNN7EXAMPLE', 'token=hunter2', 'x8Kd93jfLq20PzmWn4Rt7Yb1', 'a"b']) {
      expect(shown(`terraform apply ${secret}`)).to.equal('terraform apply');
      expect(shown(`terraform -chdir=${secret} apply`)).to.equal('terraform apply');
    }
  });

  it('names variables, and no values', () =>
    expect(shown('tofu apply -var pw=hunter2 -var-file=s.tfvars')).to.equal('tofu apply -var-file -var pw'));
});
