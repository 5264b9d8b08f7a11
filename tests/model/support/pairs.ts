import type { CommandResult, EngineCommand } from '../../../src/domain/commands';
import type { InstrumentRules } from '../../../src/domain/instrument-rules';
import type { LogEntry } from '../../../src/domain/log-entry';
import { kindOf, type Order, type TimeInForce } from '../../../src/domain/order';
import type { OrderTraits } from '../../../src/domain/order-traits';

/**
 * Which of what a venue offers meet in one command. Each pair of them has to come up in random sequences: where it never does, nothing is
 * known of it, however many sequences agree.
 */
const FEATURES = ['stop', 'iceberg', 'prevention', 'list', 'gtd', 'amend', 'auction', 'halt', 'funds', 'fills bound', 'batch', 'repeat', 'kill'] as const;
type Feature = (typeof FEATURES)[number];

function nameOf(one: Feature, other: Feature): string {
  return `pair ${one} + ${other}`;
}

const ALL = FEATURES.flatMap((one, i) => FEATURES.slice(i + 1).map((other) => [one, other] as const));
/** Where no money is kept there are none with funds. */
export const ORDER_PAIRS: readonly string[] = ALL.filter((pair) => !pair.includes('funds')).map(([one, other]) => nameOf(one, other));
export const FUNDS_PAIRS: readonly string[] = ALL.filter((pair) => pair.includes('funds')).map(([one, other]) => nameOf(one, other));

const MONEY_CODES: readonly string[] = ['insufficient_funds', 'balance_limit', 'quote_quantity_required', 'balance_audit_breach'];
/** Of commands that take: there prevention is what is done, elsewhere what an order would ask for. */
const TAKING: readonly string[] = ['place', 'amend', 'list', 'trigger'];

/** Follows the log of a shard, and tells what each command, and each entry that nobody asked for, had to do with. */
export class Pairs {
  private readonly instruments = new Map<string, InstrumentRules>();
  private readonly killed = new Set<string>();

  /** @param batch of how many commands, in one call, it is one */
  ofCommand(command: EngineCommand, result: CommandResult, batch: number): string[] {
    const met = new Set<Feature>(batch > 1 ? ['batch'] : []);
    if (command.op === 'amend') met.add('amend');
    if (command.op === 'kill') met.add('kill');
    if (command.op === 'place' || command.op === 'list') {
      const state = this.instruments.get(command.instrument)?.state ?? 'open';
      if (state === 'auction') met.add('auction');
      else if (state !== 'open') met.add('halt');
      if (this.killed.has(command.clientId)) met.add('kill');
      for (const { traits, kind } of command.op === 'list' ? command.orders : [command]) asked(traits, kindOf(kind).timeInForce, met);
    }
    if (result.outcome === 'refused') {
      if (result.code === 'account_killed') met.add('kill');
      if (result.code === 'instrument_not_open') met.add('halt');
      if (MONEY_CODES.includes(result.code)) met.add('funds');
      if (result.order !== null) this.touched(result.order, met);
    }
    if (result.outcome === 'repeated') met.add('repeat');
    if ('entry' in result && result.entry !== null) this.met(result.entry, met);
    return pairsOf(met);
  }

  ofEntry(entry: LogEntry): string[] {
    const met = new Set<Feature>();
    this.met(entry, met);
    return pairsOf(met);
  }

  /** What an entry leaves behind. Told of each, behind what is asked of it. */
  follow({ command, events }: LogEntry): void {
    if (command?.op === 'kill') {
      if (command.kills) this.killed.add(command.account);
      else this.killed.delete(command.account);
    }
    for (const event of events) if (event.type === 'instrument') this.instruments.set(event.rules.instrument, event.rules);
  }

  private met({ kind, command, code, orders, fills, balances, events }: LogEntry, met: Set<Feature>): void {
    for (const order of [...orders, ...fills.map(({ maker }) => maker)]) this.touched(order, met);
    if (kind === 'amend') met.add('amend');
    if (kind === 'auction') met.add('auction');
    if (kind === 'kill' || (command?.op === 'due' && command.what === 'kill')) met.add('kill');
    if (balances.length > 0) met.add('funds');
    const [first, ...others] = orders;
    const isTaking = TAKING.includes(kind) && this.instruments.get(first?.instrument ?? '')?.state !== 'auction';
    const isPrevented = others.some(({ reason }) => reason === null || reason === 'self_trade') || first?.reason === 'self_trade';
    if (isTaking ? isPrevented && kind !== 'list' : orders.some(({ traits }) => traits.stp !== undefined)) met.add('prevention');
    for (const { instrument } of orders.filter(({ reason }) => reason === 'fills_limit')) {
      met.add('fills bound');
      // A band might have stopped it as well: whichever came first.
      if ((this.instruments.get(instrument)?.priceBand ?? 0) > 0) met.add('halt');
    }
    // A page of an opening, or of a kill, is what its trades and orders are bounded by.
    if (command?.op === 'auction' && command.page > 0 && fills.length >= command.page) met.add('fills bound');
    if (command?.op === 'kill' && orders.length >= command.pageSize) met.add('fills bound');
    if (kind !== 'instrument' && code === 0) {
      for (const event of events) {
        if (event.type !== 'instrument' || event.rules.state === 'open') continue;
        met.add('halt');
        met.add('auction');
      }
    }
  }

  private touched({ instrument, clientId, traits, timeInForce }: Order, met: Set<Feature>): void {
    asked(traits, timeInForce, met);
    const rules = this.instruments.get(instrument);
    if (rules?.state === 'auction') met.add('auction');
    else if (rules !== undefined && rules.state !== 'open') met.add('halt');
    if (this.killed.has(clientId)) met.add('kill');
  }

}

function asked({ trigger, display, listRole }: OrderTraits, timeInForce: TimeInForce, met: Set<Feature>): void {
  if (trigger !== undefined) met.add('stop');
  if (display !== undefined) met.add('iceberg');
  if (listRole !== undefined) met.add('list');
  if (timeInForce === 'gtd' || timeInForce === 'day') met.add('gtd');
}

function pairsOf(met: ReadonlySet<Feature>): string[] {
  return ALL.filter(([one, other]) => met.has(one) && met.has(other)).map(([one, other]) => nameOf(one, other));
}
