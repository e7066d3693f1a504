// URLs and git remotes as they stand in configurations and environments, with secrets in every part.
import { expect } from 'chai';
import fc from 'fast-check';
import { cleanUrl } from '../../daemon/terraform/clean-url.ts';

describe('cleanUrl', () => {
  const URLS: readonly (readonly [text: string, clean: string])[] = [
    ['https://github.com/acme/infra', 'https://github.com/acme/infra'],
    ['https://github.com/acme/infra.git/', 'https://github.com/acme/infra.git'],
    ['HTTPS://GitHub.com/Acme/Infra', 'https://github.com/Acme/Infra'],
    ['https://user:hunter2@github.com/acme/infra', 'https://github.com/acme/infra'],
    ['https://oauth2:p@ss@git.example:8443/a/b', 'https://git.example:8443/a/b'],
    ['https://state.example/app?ID=hunter2&x=1#hunter2', 'https://state.example/app'],
    ['https://state.example?token=hunter2', 'https://state.example'],
    ['ssh://git@git.example:2222/acme/infra.git', 'ssh://git.example:2222/acme/infra.git'],
    ['git@github.com:acme/infra.git', 'ssh://github.com/acme/infra.git'],
    ['git@github.com:/srv/infra.git', 'ssh://github.com/srv/infra.git'],
    ['git+ssh://git@git.example/a', 'git+ssh://git.example/a'],
    ['https://dev.azure.com/acme/My%20Project/_git/infra', 'https://dev.azure.com/acme/My%20Project/_git/infra'],
    ['https://[2001:db8::1]:8443/a', 'https://[2001:db8::1]:8443/a'],
    ['https://gitlab.example/acme/infra/-/jobs/4711', 'https://gitlab.example/acme/infra/-/jobs/4711'],
    ['https://github.com/acme/infra/commit/0a1b2c3d4e5f', 'https://github.com/acme/infra/commit/0a1b2c3d4e5f'],
    ['s3://bucket/app/prod.tfstate', 's3://bucket/app/prod.tfstate'],
    ['https://host.example', 'https://host.example'],
    // The path goes, the host stays.
    ['https://host.example/ghp_0123456789abcdefghijklmnopqrst/x', 'https://host.example'],
    ['https://host.example/token/hunter2', 'https://host.example'],
    ['https://host.example/a;session=hunter2', 'https://host.example'],
    ['https://host.example/key=hunter2/a', 'https://host.example'],
    ['https://host.example/%E0%A4%A', 'https://host.example'],
    ['https://host.example/a%0Ab', 'https://host.example'],
    ['https://hooks.example/T0/B0/x8Kd93jfLq20PzmWn4Rt7Yb1', 'https://hooks.example'],
    // Nothing of it can be said.
    ['', ''],
    ['hunter2', ''],
    ['user:hunter2', ''],
    ['user:hunter2/x@host', ''],
    ['https://user:12/hunter2@host/x', ''],
    ['https://user:pa/ss@host/x', ''],
    ['https://user:hunter2', ''],
    ['https://glpat-0123456789abcdefghij', ''],
    ['/home/alice/infra', ''],
    ['C:\\Users\\alice', ''],
    ['file:///home/alice/infra', ''],
    ['data:text/plain,hunter2', ''],
    ['javascript://x/hunter2', ''],
    ['https://ho st/x', ''],
    ['https://host/\u0000x', ''],
    ['https://host/\u202ex', ''],
    ['https://host/a\nb', ''],
    [`https://host/${'a'.repeat(3000)}`, ''],
  ];
  for (const [text, clean] of URLS) {
    it(JSON.stringify(text.slice(0, 80)), () => {
      expect(cleanUrl(text)).to.equal(clean);
      expect(cleanUrl(text)).to.not.match(/hunter2|alice/);
    });
  }

  it('shows nothing of user information, query and fragment', () => {
    const canary = 'CaNaRy';
    const noise = fc.string({ unit: fc.constantFrom(...'aZ09-._~:@?#&=%+ \\;[]!'), maxLength: 8 });
    const secret = fc.tuple(noise, noise).map(([before, after]) => `${before}${canary}${after}`);
    const scheme = fc.constantFrom('https', 'http', 'ssh', 'git+ssh', 'git');
    const place = fc.constantFrom(
      (s: string, x: string) => `${s}://u:${x}@host.example/a/b`,
      (s: string, x: string) => `${s}://${x}@host.example/a/b`,
      (s: string, x: string) => `${s}://host.example/a/b?${x}`,
      (s: string, x: string) => `${s}://host.example/a/b#${x}`,
      (s: string, x: string) => `${s}://host.example?t=${x}`,
      (_: string, x: string) => `${x}@host.example:a/b.git`,
      (_: string, x: string) => `git@host.example:a/b.git?${x}`,
    );
    fc.assert(
      fc.property(scheme, place, secret, (s, at, x) => {
        expect(cleanUrl(at(s, x)).toLowerCase()).to.not.include(canary.toLowerCase());
      }),
      { numRuns: 1000 },
    );
  });

  it('answers with what it would answer again, and never throws', () => {
    const text = fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true, withFragments: true }));
    fc.assert(
      fc.property(text, (url) => {
        const clean = cleanUrl(url);
        expect(cleanUrl(clean)).to.equal(clean);
        expect(clean).to.match(/^(?:[a-z0-9+]+:\/\/[^\s@?#]*)?$/);
      }),
      { numRuns: 1000 },
    );
  });
});
