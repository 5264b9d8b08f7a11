import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../seeded-random';
import type { Answered, Line } from './line';

const RETRY_MS = 150;

/** Does one thing after another beside the clients, each of which it asks for until it has been heard. */
export abstract class AskingLoad {
  /** What was answered as nobody would expect. */
  readonly problems: string[] = [];
  private stopping = false;

  /** @param pauseMs between two things, by half of it more or less */
  constructor(protected readonly random: Random, private readonly pauseMs: number) {}

  stop(): void {
    this.stopping = true;
  }

  /** Until it is stopped, and what it has begun is whole. */
  async run(): Promise<void> {
    while (!this.stopping) {
      await this.one();
      await sleep(this.pauseMs * (0.5 + this.random.next()));
    }
    await this.end();
  }

  /** The next thing. */
  protected abstract one(): Promise<void>;

  /** What is left to be done behind the last. */
  protected abstract end(): Promise<void>;

  /** Until the answer says what came of it. */
  protected async ask(line: Line, method: string, path: string, body: unknown, account: string): Promise<Answered> {
    for (;;) {
      const answer = await line.send(method, path, body, account);
      if (answer !== null && answer.status < 500 && !line.isKeptOut(answer, account)) return answer;
      await sleep(RETRY_MS);
    }
  }

  protected wrong(what: string, { status, body }: Answered): void {
    this.problems.push(`${what} was answered ${status} ${JSON.stringify(body)}`);
  }
}
