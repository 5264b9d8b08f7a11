import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../seeded-random';
import type { Answered, Line } from './line';

const RETRY_MS = 150;
const PAUSE_MS = 250;
const INSTRUMENTS = ['BTC-USD', 'ETH-USD'] as const;
const SWITCH_MAX_S = 3;
/** How long an account, or an instrument, stays what it was made at most: the others are to trade most of the time. */
const STAYS_MS = 400;
const STATES = ['post_only', 'cancel_only', 'halted'] as const;

/** Who may do what: an account's owner sets its switch, an operator does the rest. */
export interface ControlLines {
  readonly operator: Line;
  ofAccount(account: string): Line;
}

/**
 * Acts on accounts and instruments as a whole, one after another: dead man's switches that trigger, kills, states. None of it has a key; it asks
 * until it has been heard, and what comes of that in the log is for the audit.
 */
export class ControlLoad {
  readonly problems: string[] = [];
  /** Acts that were answered. */
  done = 0;
  private stopping = false;

  /** @param accounts that may be killed, and whose orders may go */
  constructor(private readonly lines: ControlLines, private readonly accounts: readonly string[], private readonly random: Random) {}

  stop(): void {
    this.stopping = true;
  }

  /** At its end every account may order, and every instrument is open. */
  async run(): Promise<void> {
    while (!this.stopping) {
      await this.one();
      await sleep(PAUSE_MS * (0.5 + this.random.next()));
    }
  }

  private async one(): Promise<void> {
    const { random } = this;
    const account = random.pick(this.accounts);
    const instrument = random.pick(INSTRUMENTS);
    const choice = random.next();
    if (choice < 0.5) return this.setSwitch(account, random.below(SWITCH_MAX_S + 1), random.next() < 0.5 ? instrument : null);
    const [path, there, back] = choice < 0.75
      ? [`/accounts/${account}`, ['POST', '/kill', undefined], ['POST', '/unkill', undefined]] as const
      : [`/instruments/${instrument}`, ['PATCH', '', { state: random.pick(STATES) }], ['PATCH', '', { state: 'open' }]] as const;
    await this.ask(this.lines.operator, there[0], `${path}${there[1]}`, there[2], account);
    await sleep(random.below(STAYS_MS));
    await this.ask(this.lines.operator, back[0], `${path}${back[1]}`, back[2], account);
  }

  private setSwitch(account: string, timeoutS: number, instrument: string | null): Promise<void> {
    const body = { client_id: account, timeout_s: timeoutS, ...(instrument !== null && { instrument }) };
    return this.ask(this.lines.ofAccount(account), 'POST', '/orders/cancel-after', body, account);
  }

  /** Until the answer says what came of it. */
  private async ask(line: Line, method: string, path: string, body: unknown, account: string): Promise<void> {
    for (;;) {
      const answer: Answered | null = await line.send(method, path, body, account);
      if (answer !== null && answer.status < 500 && !line.isKeptOut(answer, account)) {
        this.done++;
        if (answer.status >= 300) this.problems.push(`${method} ${path} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
        return;
      }
      await sleep(RETRY_MS);
    }
  }
}
