import type { SentCommand } from './ledger';

/** A command as a client has thought of it, before it is sent. */
export interface Planned {
  readonly command: SentCommand;
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** As an operation of a batch; null for what can be in none. */
  readonly operation: Readonly<Record<string, unknown>> | null;
  /** Whether it takes an operator. */
  readonly byOperator: boolean;
  /** Told of the answer once it is known beyond doubt. */
  learn(status: number, body: Readonly<Record<string, unknown>>): void;
}

/** What a client does. */
export interface Habit {
  plan(): Planned;
}
