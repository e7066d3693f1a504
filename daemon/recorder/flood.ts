// Whether one state is being rewritten in a loop: 240 versions within a minute, and from then on one look each ten
// seconds, until one of those looks finds nothing new. Pure: the time is an argument.

const VERSIONS = 240;
export const FLOOD_WINDOW_MS = 60_000;
export const FLOOD_PAUSE_MS = 10_000;

export class Flood {
  #recentMs: number[] = [];
  #isOn = false;
  #pausedUntilMs = 0;

  /** Versions within the window when the flood began. */
  get versions(): number {
    return this.#recentMs.length;
  }

  isPausing(nowMs: number): boolean {
    return this.#pausedUntilMs > nowMs;
  }

  /** Tells of one look. 'begins' comes once per flood; after it and after 'lasts' the next look is due after the pause. */
  note(isNewVersion: boolean, nowMs: number): 'calm' | 'begins' | 'lasts' {
    if (!isNewVersion) {
      if (this.#isOn) this.#recentMs = [];
      this.#isOn = false;
      return 'calm';
    }
    if (!this.#isOn) {
      this.#recentMs = [...this.#recentMs.filter((time) => time > nowMs - FLOOD_WINDOW_MS), nowMs];
      if (this.#recentMs.length < VERSIONS) return 'calm';
    }
    const verdict = this.#isOn ? 'lasts' : 'begins';
    this.#isOn = true;
    this.#pausedUntilMs = nowMs + FLOOD_PAUSE_MS;
    return verdict;
  }
}
