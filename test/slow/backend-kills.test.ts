// The state backend under kill -9: every step of every operation cut or failing, and the real daemon killed while
// versions come in. What GET shows is the old version or the new one, and was recorded. STATESEAL_FULL=1: more kills.
import { expect } from 'chai';
import { playKills } from '../backend/kill-rounds.ts';
import { serialOf, stateBytes } from '../backend/keeping.ts';
import { openBackendScene, type BackendScene } from '../support/backend-scene.ts';

const KILLS = process.env['STATESEAL_FULL'] === '1' ? 200 : 4;

describe('http backend: kills', function () {
  this.timeout(3_600_000);

  for (const operation of ['write', 'lock', 'unlock', 'remove'] as const) {
    it(`${operation}: each step, killed before and after it, failing before and after it`, async () => {
      const cuts = await playKills(operation, ['killed before', 'killed after', 'fails', 'fails after']);
      console.log(`      ${cuts} cuts`);
      expect(cuts).to.be.greaterThan(7);
    });
  }

  it(`the daemon, killed ${KILLS} times while versions come in`, async () => {
    const seed = Number(process.env['STATESEAL_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      seed ${seed} (STATESEAL_SEED)`);
    const random = createRandom(seed);
    const scene = await openBackendScene({ states: ['network'] });
    const shown = new Set<number>();
    const ends = new Map<string, number>();
    try {
      let serial = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        serial = await pushUntilKilled(scene, { serial, shown, ends }, random() * 300);
        await scene.start();
        const now = serialOf(await read(scene)) ?? 0;
        expect(now, `kill ${kill}`).to.be.oneOf([serial, serial - 1]);
        if (now > 0) shown.add(now);
        serial = now;
      }
      console.log(`      ${[...ends].map(([end, count]) => `${count} ${end}`).join(', ')}`);
      const recorded = scene.records('state.baselined', 'state.changed', 'resource.changed', 'state.unchanged');
      const serials = new Set(recorded.map(({ data }) => Number((data['version'] as { serial: string }).serial)));
      expect([...shown].filter((each) => !serials.has(each))).to.deep.equal([]);
      expect([...serials].filter((each) => each > serial)).to.deep.equal([]);
      scene.verify();
    } finally {
      await scene.close();
    }
  });
});

interface Progress {
  readonly serial: number;
  readonly shown: Set<number>;
  readonly ends: Map<string, number>;
}

/** Pushes one version after the other; the daemon is killed at a moment of the given one. Returns what was sent last. */
async function pushUntilKilled(scene: BackendScene, progress: Progress, afterMs: number): Promise<number> {
  const killed = new Promise<void>((resolve) => setTimeout(() => void scene.kill().then(resolve), afterMs));
  let { serial } = progress;
  for (let isUp = true; isUp;) {
    serial += 1;
    const body = Buffer.from(stateBytes(serial));
    const status = await scene.request('network', { method: 'POST', body }).then(
      (response) => response.status,
      () => 0,
    );
    isUp = status === 200;
    const end = status === 0 ? 'cut' : `answered ${status}`;
    progress.ends.set(end, (progress.ends.get(end) ?? 0) + 1);
    if (isUp) {
      const seen = serialOf(await read(scene).catch(() => undefined));
      if (seen !== undefined) progress.shown.add(seen);
    }
  }
  await killed;
  return serial;
}

async function read(scene: BackendScene): Promise<Uint8Array | undefined> {
  const response = await scene.request('network');
  return response.status === 404 ? undefined : new Uint8Array(await response.arrayBuffer());
}

function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x100000000;
  };
}
