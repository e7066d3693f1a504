// What names and shapes alone say: secret, harmless, or nothing.
import { expect } from 'chai';
import { keyVerdict } from '../../daemon/redaction/key-rules.ts';
import { LiteralScanner } from '../../daemon/redaction/literal-scanner.ts';
import { createKeyFacts, matchesGlob } from '../../daemon/redaction/rules.ts';
import { schemaOf, type SchemaNode } from '../../daemon/redaction/schema-rules.ts';
import { hasSecretShape, secretPieces } from '../../daemon/redaction/value-rules.ts';

const SECRET_KEYS = `password passwd master_password db_password dbPassword DB_PASSWORD admin_password_hash password_wo secret
  client_secret clientSecret secret_string token api_token API_TOKEN apikey api_key x-api-key private_key private_key_pem
  access_key secret_access_key auth authorization credential credentials connection_string dsn database_url kubeconfig
  kube_config_raw user_data user_data_base64 custom_data session session_id cookie signature salt webhook webhook_url sas
  sas_token passphrase psk pre_shared_key license_key client_key slack_webhook_url oauthToken bindpass_password pw
  tunnel1_preshared_key primary_access_key encryption_key hmac jwt refresh_token passwords tokens master_user_secret`;

const HARMLESS_KEYS = `token_ttl secret_arn kms_key_id password_length key_name access_key_id token_endpoint secret_name secretArn
  password_policy max_session_duration session_affinity get_password_data manage_master_user_password secrets_manager_arn
  auth_type authorization_type salt_length signature_algorithm token_version password_last_used credentials_expiry http_tokens
  automount_service_account_token public_key partition_key hash_key image_pull_secrets secret_wo_version cookie_name
  webhook_id authorization_scopes user_data_replace_on_change password_reset_required`;

const PLAIN_KEYS = `name id region author keyboard passenger compass tokenizer description bucket key keys secretary monkey
  endpoint vpc_id tags cidr_block salted_caramel bypass`;

describe('redaction/key-rules', () => {
  const cases = { secret: SECRET_KEYS, harmless: HARMLESS_KEYS, plain: PLAIN_KEYS };
  for (const [verdict, names] of Object.entries(cases)) {
    for (const key of names.split(/\s+/).filter((name) => name !== '')) {
      it(`calls ${key} ${verdict}`, () => {
        const found = keyVerdict(key);
        if (verdict === 'secret') expect(found).to.equal('secret');
        else expect(found).to.not.equal('secret');
      });
    }
  }

  it('takes a name beyond any sensible length for a secret', () => {
    expect(keyVerdict('x'.repeat(513))).to.equal('secret');
  });
});

describe('redaction/rules', () => {
  it('lets the user hide keys, show keys, and hide what is on both lists', () => {
    const factsOf = createKeyFacts({ hide: ['*_banner', 'name'], show: ['session', 'name'] });
    expect(factsOf('login_banner').verdict).to.equal('secret');
    expect(factsOf('session')).to.include({ verdict: 'harmless', isShown: true });
    expect(factsOf('name')).to.include({ verdict: 'secret', isShown: false });
    expect(factsOf('other')).to.include({ verdict: 'plain', isShown: false });
  });

  it('matches globs in linear time', () => {
    expect(matchesGlob('*_KEY', 'my_key')).to.equal(true);
    expect(matchesGlob('a?c*', 'abcd')).to.equal(true);
    expect(matchesGlob('a*b*c', 'a-b-b-c')).to.equal(true);
    expect(matchesGlob('*', '')).to.equal(true);
    expect(matchesGlob('a', 'ab')).to.equal(false);
    expect(matchesGlob('?', '')).to.equal(false);
    const before = performance.now();
    expect(matchesGlob('*a'.repeat(40) + 'b', 'a'.repeat(20_000))).to.equal(false);
    expect(performance.now() - before).to.be.lessThan(1000);
  });
});

describe('redaction/value-rules', () => {
  const secret: readonly (readonly [string, string])[] = [
    ['-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----', 'MIIEvQIBADANBg'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk', 'b3BlbnNzaC1rZXk'],
    [`key ${'AKIA'}IOSFODNN7EXAMPLE here`, 'AKIA' + 'IOSFODNN7EXAMPLE'],
    [`ghp_${'a1B2'.repeat(9)}`, `ghp_${'a1B2'.repeat(9)}`],
    [`glpat-${'x1'.repeat(10)}`, `glpat-${'x1'.repeat(10)}`],
    [`xoxb-${'1'.repeat(12)}-abcdefgh`, 'xoxb-1'],
    [`sk_live_${'a'.repeat(24)}`, 'sk_live_'],
    [`npm_${'a1'.repeat(18)}`, 'npm_'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'eyJhbGciOiJIUzI1NiJ9.'],
    ['Authorization: Bearer abcdefgh12345678', 'abcdefgh12345678'],
    ['postgres://app:hunter22@db:5432/app', 'hunter22'],
    ['https://0123456789abcdef0123@github.com/x.git', '0123456789abcdef0123'],
    ['https://x.example/cb?user=1&sig=a%2Fb%3D', 'a%2Fb%3D'],
    ['Server=db;Password=hunter22;', 'hunter22'],
    ['{"a":1,"password":"hunter22"}', 'hunter22'],
    ['{\\"password\\": \\"hunter22\\"}', 'hunter22'],
    ['db_password: hunter22', 'hunter22'],
    ['AccountName=x;AccountKey=abcd1234==;EndpointSuffix=y', 'abcd1234=='],
    ['https://hooks.slack.com/services/T0/B0/abcdefgh', 'T0/B0/abcdefgh'],
  ];
  for (const [text, piece] of secret) {
    it(`finds the secret in ${text.slice(0, 24).replaceAll('\n', ' ')}…`, () => {
      expect(hasSecretShape(text)).to.equal(true);
      expect(secretPieces(text).some((found) => found.includes(piece))).to.equal(true);
    });
  }

  it('leaves what is no secret', () => {
    for (const text of [
      'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf',
      'git@github.com:org/repo.git',
      'https://example.com/path?page=2',
      'ssh://git@example.com/repo',
      'secretsmanager:GetSecretValue',
      '-----BEGIN CERTIFICATE-----',
      'basic',
      'BASIC_AUTH is off',
      'us-east-1_AbCdEfGhI',
      'orders-prod-0c02c46fcf3d5f691',
    ]) {
      expect(hasSecretShape(text), text).to.equal(false);
      expect(secretPieces(text)).to.deep.equal([]);
    }
  });

  it('is linear on hostile text', () => {
    const before = performance.now();
    for (const unit of [
      'a',
      ':',
      '://',
      'password',
      'password=',
      'eyJ',
      'eyJa.eyJ',
      '-----BEGIN ',
      '=',
      '?key',
      'bearer ',
      '1',
    ]) {
      const text = unit.repeat(Math.ceil(100_000 / unit.length));
      hasSecretShape(text);
      secretPieces(text);
    }
    expect(performance.now() - before).to.be.lessThan(4000);
    expect(hasSecretShape('a'.repeat(300_000))).to.equal(true);
  });

  it('scans for literals that overlap and nest', () => {
    const scanner = new LiteralScanner([['he', 'hers'], ['she'], ['his']]);
    expect(scanner.scan('ushers')).to.equal(0b011);
    expect(scanner.scan('this')).to.equal(0b100);
    expect(scanner.scan('h\u00e9 s he')).to.equal(0b001);
    expect(scanner.scan('')).to.equal(0);
  });
});

describe('redaction/schema-rules', () => {
  const at = (type: string, path: string): boolean | undefined =>
    path.split('.').reduce<SchemaNode | undefined>((node, step) => node?.children.get(step), schemaOf(type))
      ?.isSensitive;

  it('knows sensitive attributes of the providers in use most', () => {
    for (const [type, path] of [
      ['aws_db_instance', 'password'],
      ['aws_iam_access_key', 'secret'],
      ['aws_mq_broker', 'user.password'],
      ['aws_lambda_function', 'environment.variables'],
      ['azurerm_storage_account', 'primary_access_key'],
      ['azurerm_kubernetes_cluster', 'kube_config'],
      ['google_sql_user', 'password'],
      ['kubernetes_secret', 'data'],
      ['random_password', 'result'],
      ['tls_private_key', 'private_key_pem'],
      ['vault_generic_secret', 'data_json'],
    ] as const) {
      expect(at(type, path), `${type}.${path}`).to.equal(true);
    }
    expect(at('aws_db_instance', 'engine')).to.equal(undefined);
    expect(at('aws_mq_broker', 'user')).to.equal(false);
    expect(schemaOf('fake_thing')).to.equal(undefined);
  });
});
