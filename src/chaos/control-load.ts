import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../seeded-random';
import { AskingLoad } from './asking-load';
import type { Line } from './line';
import { LOAD_INSTRUMENTS } from './market';

const PAUSE_MS = 250;
const SWITCH_MAX_S = 3;
/** How long an account, or an instrument, stays what it was made at most: the others are to trade most of the time. */
const STAYS_MS = 400;
/** Long enough for orders to gather that meet. */
const AUCTION_STAYS_MS = 1_200;
const STATES = ['post_only', 'cancel_only', 'halted', 'auction', 'auction'] as const;
/** Narrower than what is ordered, so that somebody soon trades beyond it; the last is beyond all. */
const BANDS = ['0.00004', '0.0001', '0.1'] as const;
const NO_BAND = '0.5';
const BAND_WINDOW_S = 1;

/** Who may do what: an account's owner sets its switch, an operator does the rest. */
export interface ControlLines {
  readonly operator: Line;
  ofAccount(account: string): Line;
}

/**
 * Acts on accounts and instruments as a whole, one after another: dead man's switches that trigger, kills, states, call auctions and price bands
 * that bring one about. None of it has a key; it asks until it has been heard, and what comes of that in the log is for the audit.
 */
export class ControlLoad extends AskingLoad {
  /** Acts that were answered. */
  done = 0;

  /** @param accounts that may be killed, and whose orders may go */
  constructor(private readonly lines: ControlLines, private readonly accounts: readonly string[], random: Random) {
    super(random, PAUSE_MS);
  }

  protected async one(): Promise<void> {
    const { random } = this;
    const account = random.pick(this.accounts);
    const instrument = random.pick(LOAD_INSTRUMENTS);
    const choice = random.next();
    if (choice < 0.4) {
      const isOfOne = random.next() < 0.5;
      const body = { client_id: account, timeout_s: random.below(SWITCH_MAX_S + 1), ...(isOfOne && { instrument }) };
      await this.act(this.lines.ofAccount(account), 'POST', '/orders/cancel-after', body, account);
    } else if (choice < 0.6) {
      await this.act(this.lines.operator, 'POST', `/accounts/${account}/kill`, undefined, account);
      await sleep(random.below(STAYS_MS));
      await this.act(this.lines.operator, 'POST', `/accounts/${account}/unkill`, undefined, account);
    } else if (choice < 0.7) {
      await this.change(instrument, { price_band: random.pick(BANDS), band_window_s: BAND_WINDOW_S });
    } else {
      const state = random.pick(STATES);
      await this.change(instrument, { state });
      await sleep(random.below(state === 'auction' ? AUCTION_STAYS_MS : STAYS_MS));
      // Also what a band has closed opens again.
      for (const each of LOAD_INSTRUMENTS) await this.change(each, { state: 'open' });
    }
  }

  /** Every account may order by now; every instrument is to be open. */
  protected async end(): Promise<void> {
    for (const instrument of LOAD_INSTRUMENTS) await this.change(instrument, { price_band: NO_BAND, state: 'open' });
  }

  private change(instrument: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    return this.act(this.lines.operator, 'PATCH', `/instruments/${instrument}`, body, instrument);
  }

  private async act(line: Line, method: string, path: string, body: unknown, account: string): Promise<void> {
    const answer = await this.ask(line, method, path, body, account);
    this.done++;
    if (answer.status >= 300) this.wrong(`${method} ${path}`, answer);
  }
}
