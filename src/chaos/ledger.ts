/** What the clients sent and what they were told: the venue is judged by it. */

export type AckMode = 'redis' | 'postgres';

export interface SentCommand {
  readonly clientId: string;
  readonly key: string;
  readonly op: 'place' | 'cancel' | 'amend';
  readonly mode: AckMode;
  readonly firstSentMs: number;
  /** Set once the answer is known beyond doubt. */
  status: number | null;
  body: Readonly<Record<string, unknown>> | null;
  answeredMs: number | null;
  /** Answers that left the outcome open before that. */
  unclear: number;
}

export class Ledger {
  readonly commands = new Map<string, SentCommand>();
  private counter = 0;

  /** Enters a command before it is sent. */
  enter(clientId: string, op: SentCommand['op'], mode: AckMode): SentCommand {
    const key = `key-${++this.counter}`;
    const command: SentCommand = {
      clientId, key, op, mode, firstSentMs: Date.now(), status: null, body: null, answeredMs: null, unclear: 0,
    };
    this.commands.set(key, command);
    return command;
  }

  settle(command: SentCommand, status: number, body: Readonly<Record<string, unknown>>): void {
    command.status = status;
    command.body = body;
    command.answeredMs = Date.now();
  }
}
