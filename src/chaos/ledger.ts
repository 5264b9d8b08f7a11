/** What the clients sent and what they were told: the venue is judged by it. */

export type AckMode = 'redis' | 'postgres';

export const ORDER_OPS = ['place', 'cancel', 'amend', 'list', 'cancel_list'] as const;
export const MONEY_OPS = [
  'open_account', 'change_account', 'fee_group', 'deposit', 'withdrawal', 'end_withdrawal', 'transfer', 'end_transfer', 'reversal',
] as const;
export type Op = (typeof ORDER_OPS)[number] | (typeof MONEY_OPS)[number];

/** What a deposit may be made by once, for ever. */
export interface Reference {
  readonly asset: string;
  readonly reference: string;
}

export interface SentCommand {
  /** The account that its key belongs to. */
  readonly account: string;
  readonly key: string;
  readonly op: Op;
  readonly mode: AckMode;
  readonly reference: Reference | null;
  readonly firstSentMs: number;
  /** The order that it names without naming its client; its key may then belong to that one id. */
  readonly orderId: string | null;
  /** Users who have sent it; none where nobody is asked who they are. */
  readonly senders: Set<string>;
  /** Set once the answer is known beyond doubt. */
  status: number | null;
  body: Readonly<Record<string, unknown>> | null;
  answeredMs: number | null;
  /** Answers that left the outcome open before that. */
  unclear: number;
}

export class Ledger {
  readonly commands = new Map<string, SentCommand>();
  /** Accounts and keys of commands that the venue has made of something else that was asked for. */
  readonly expected: { readonly account: string; readonly key: string }[] = [];
  /** Ids of users by name; of nobody where nobody is asked who they are. */
  readonly userIds = new Map<string, string>();
  private counter = 0;

  /** Enters a command before it is sent. */
  enter(account: string, op: Op, mode: AckMode, reference: Reference | null = null, orderId: string | null = null): SentCommand {
    const key = `key-${++this.counter}`;
    const command: SentCommand = {
      account, key, op, mode, reference, orderId, firstSentMs: Date.now(), senders: new Set(), status: null, body: null, answeredMs: null, unclear: 0,
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
