import { isActors, type CommandResult, type FailureStep, type Repeated } from '../domain/commands';
import type { Context } from '../domain/context';
import type { InstrumentRules } from '../domain/instrument-rules';
import { rulesShownBy, shortfallOf, tradesOf, type LogEntry } from '../domain/log-entry';
import type { Shortfall } from '../domain/money';
import { isOpen, type Order } from '../domain/order';
import { Refusal, type RefusalFacts } from '../domain/refusal';
import { resultCodeOf, type ResultCode } from '../domain/result-code';
import type { Acknowledgement } from './acknowledgement';
import { actorOfNamed, type OrderOwners } from './order-owners';
import type { OrderTrades } from './order-trades';
import type { OrderHistory } from './ports';
import { differences, fingerprintOfEntry, type RequestFingerprint } from './request-fingerprint';
import type { AckAfter, NamedOrder, Outcome } from './requests';
import type { Awaitable } from './step';

/** What a request was about, beside its command. */
export interface Asked {
  readonly context: Context;
  /** What it asks for, to tell a retry from a reused key; null without a key. */
  readonly fingerprint: RequestFingerprint | null;
  /** undefined for the venue's own way. */
  readonly ackAfter: AckAfter | undefined;
  /** The order that was named, to look a missing one up in history; null where none was. */
  readonly named: NamedOrder | null;
  /** Where it asks to be made to fail, undefined for nowhere. */
  readonly failAt?: FailureStep | undefined;
}

/** What the engine made of a command, as what came of the request. */
export class Outcomes {
  constructor(
    private readonly history: Pick<OrderHistory, 'order' | 'journalEntry'>, private readonly trades: OrderTrades,
    private readonly acknowledgement: Acknowledgement, private readonly owners: OrderOwners,
  ) {}

  /**
   * @param epoch life of the shard in which the command was carried out; null when another one began meanwhile
   * @throws Refusal
   */
  of(result: CommandResult, epoch: string | null, asked: Asked): Awaitable<Outcome> {
    switch (result.outcome) {
      case 'logged': {
        const { entry } = result;
        if (!this.acknowledgement.isAfterPostgres(asked.ackAfter)) return this.ofEntry(entry, asked, false);
        return this.acknowledgement.committed(asked.context, epoch, entry.sequence).then(() => this.ofEntry(entry, asked, false));
      }
      case 'repeated':
        return this.again(result, epoch, asked);
      case 'unchanged':
        return { order: result.order, trades: [], stale: null, replayed: false };
      case 'refused':
        return this.refusal(result.code, result.order, { shortfall: result.shortfall, rules: result.instrument }, asked).then((refusal) => { throw refusal; });
      case 'mass_cancelled':
      case 'nothing_due':
      case 'killed':
        throw new Error(`a single command answered as ${result.outcome}`);
    }
  }

  /** The first answer of an idempotency key, for a request that may be another one. */
  private async again(result: Repeated, epoch: string | null, asked: Asked): Promise<Outcome> {
    const entry = result.entry ?? await this.history.journalEntry(result.sequence, result.second);
    if (entry === null) throw new Error(`entry ${result.sequence} is neither in the log nor in the journal`);
    const fields = asked.fingerprint === null ? [] : differences(fingerprintOfEntry(entry), asked.fingerprint);
    if (fields.length > 0) throw new Refusal('idempotency_key_reused', { fields });
    // What came out of the journal is in Postgres already.
    if (result.entry !== null && this.acknowledgement.isAfterPostgres(asked.ackAfter)) {
      await this.acknowledgement.committed(asked.context, epoch, entry.sequence);
    }
    try {
      return await this.ofEntry(entry, asked, true);
    } catch (error) {
      // What cannot be read now is no answer yet.
      if (error instanceof Refusal && error.code !== 'history_unavailable') error.replayed = true;
      throw error;
    }
  }

  private ofEntry(entry: LogEntry, asked: Asked, replayed: boolean): Awaitable<Outcome> {
    const order = entry.orders[0];
    if (entry.kind === 'refuse') {
      return this.refusal(resultCodeOf(entry.code), order ?? null, { shortfall: shortfallOf(entry), rules: rulesShownBy(entry) }, asked).then((refusal) => { throw refusal; });
    }
    if (order === undefined) throw new Error(`entry ${entry.sequence} has no order`);
    this.owners.remember(order);
    if (entry.kind !== 'cancel') return { order, trades: tradesOf(entry), stale: null, replayed };
    if (order.filledLots === 0) return { order, trades: [], stale: null, replayed };
    return this.trades.ofDone(order).then((done) => ({ ...done, replayed }));
  }

  private async refusal(code: ResultCode, order: Order | null, shown: Shown, asked: Asked): Promise<Refusal> {
    const { context, named } = asked;
    if (code === 'order_not_found' && named !== null && 'orderId' in named) {
      // Done and persisted orders have left Redis: history knows whether it ever was.
      const final = await this.history.order(named.orderId);
      if (final === null || !isActors(actorOfNamed(context, named), final.clientId)) return new Refusal('order_not_found');
      // With a key the refusal is remembered: then this is no answer yet, and not a promise that nothing happened.
      if (isOpen(final)) return new Refusal(asked.fingerprint === null ? 'engine_recovering' : 'history_unavailable');
      return this.notOpen(final, asked);
    }
    return code === 'order_not_open' && order !== null ? this.notOpen(order, asked) : new Refusal(code, code === 'failure_injected' && asked.failAt !== undefined ? { step: asked.failAt } : factsOf(shown));
  }

  private async notOpen(order: Order, { fingerprint }: Asked): Promise<Refusal> {
    const done = await this.trades.ofDone(order);
    // A key's answer is the same each time: before all of it can be told there is none. Nothing was done that this would hide.
    return fingerprint !== null && done.stale !== null ? new Refusal('history_unavailable') : new Refusal('order_not_open', { order: done });
  }
}

/** What a refusal is about, beside an order. */
interface Shown {
  readonly shortfall: Shortfall | undefined;
  readonly rules: InstrumentRules | undefined;
}

/** What a refusal tells beside its code. */
export function factsOf({ shortfall, rules }: Shown): RefusalFacts {
  if (shortfall !== undefined) return { shortfall };
  return rules === undefined ? {} : { rules };
}
