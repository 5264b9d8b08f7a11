import type { Answer, Client, OrderWithTradesView, ProblemBody, TradeView } from '../../support/client';
import { until } from '../../support/until';
import type { Fill, Level, Outcome, PeerCase, Step, Told } from './case';

/** The form of an order's id, and no order's. */
const UNKNOWN = '01890000-0000-7000-8000-000000000000';
const TRADES_MAX = 100;

type Place = Step & { readonly do: 'place' };

interface Operation extends Record<string, unknown> {
  readonly op: string;
}

/** Plays a case in a book of its own, for clients of its own, and tells what came of it. */
export class Played {
  private readonly ids = new Map<string, string>();
  private readonly names = new Map<string, string>();
  private readonly refused: string[] = [];

  private constructor(private readonly client: Client, private readonly instrument: string) {}

  static async case(client: Client, instrument: string, { steps }: PeerCase): Promise<Played> {
    const played = new Played(client, instrument);
    for (const step of together(steps)) await played.step(step);
    return played;
  }

  /** What there is of what an outcome tells, in the same form. */
  async like(outcome: Outcome): Promise<Outcome> {
    return {
      ...(outcome.orders === undefined ? {} : { orders: await this.orders(outcome.orders) }),
      ...(outcome.fills === undefined ? {} : { fills: await this.fills() }),
      ...(outcome.book === undefined ? {} : { book: await this.book() }),
      refused: this.refused,
    };
  }

  private async step(step: Step): Promise<void> {
    if (step.do === 'until') {
      await until(`${step.name} is ${step.status}`, async () => (await this.client.order(this.idOf(step.name))).body.status === step.status);
      return;
    }
    if (step.do !== 'batch') {
      this.note(step, await this.answered(step));
      return;
    }
    const { body } = await this.client.batch(step.operations.map((operation) => this.operationOf(operation)));
    for (const [at, operation] of step.operations.entries()) this.note(operation, body.results[at] as { status: number; body: unknown });
  }

  private answered(step: Exclude<Step, { do: 'batch' | 'until' }>): Promise<Answer> {
    switch (step.do) {
      case 'place': return this.placed(step);
      case 'cancel': return this.client.cancel(this.idOf(step.name));
      case 'amend': return this.client.amend(this.idOf(step.name), step.change);
      case 'list': {
        const orders = step.orders.map(({ order }) => order);
        return this.client.call('POST', '/order-lists', { body: { type: step.type, client_id: this.clientOf(step.client), instrument: this.instrument, orders } });
      }
      case 'change': return this.client.call('PATCH', `/instruments/${this.instrument}`, { body: step.rules });
      case 'cancel all': {
        const query = `client_id=${this.clientOf(step.client)}&instrument=${this.instrument}${step.query ?? ''}`;
        return this.client.call('DELETE', `/orders?${query}`);
      }
    }
  }

  private async placed(step: Place): Promise<Answer> {
    const seconds = step.order.expires_in_s;
    let answer: Answer = await this.client.place(this.orderOf(step));
    if (typeof seconds !== 'number' || seconds < 0) return answer;
    // A machine that has much to do may come with it when its time is over.
    for (let later = 2 * seconds; answer.status === 422; later *= 2) {
      answer = await this.client.place(this.orderOf({ ...step, order: { ...step.order, expires_in_s: later } }));
    }
    return answer;
  }

  private operationOf(step: Step): Operation {
    if (step.do === 'place') return { op: 'place', ...this.orderOf(step) };
    if (step.do === 'cancel') return { op: 'cancel', order_id: this.idOf(step.name) };
    if (step.do === 'amend') return { op: 'amend', order_id: this.idOf(step.name), ...step.change };
    throw new Error(`a batch has no operation for: ${step.do}`);
  }

  private orderOf({ client, order }: Place): Record<string, unknown> {
    const { expires_in_s: expiresInS, ...fields } = order;
    const expiresAt = typeof expiresInS === 'number' ? { expires_at: new Date(Date.now() + expiresInS * 1000).toISOString() } : {};
    return { client_id: this.clientOf(client), instrument: this.instrument, ...fields, ...expiresAt };
  }

  private note(step: Step, { status, body }: Pick<Answer, 'status' | 'body'>): void {
    if (status >= 400) {
      const { code, errors = [] } = body as ProblemBody;
      this.refused.push([code, errors.map(({ field }) => field).join(',')].filter((part) => part !== '').join(' '));
      return;
    }
    if (step.do === 'place') this.named(step.name, body as OrderWithTradesView);
    if (step.do !== 'list') return;
    const { orders } = body as { readonly orders: readonly OrderWithTradesView[] };
    for (const [i, { name }] of step.orders.entries()) this.named(name, orders[i] as OrderWithTradesView);
  }

  private named(name: string, { order_id: id }: OrderWithTradesView): void {
    if (this.ids.has(name)) throw new Error(`two orders are named ${name}`);
    this.ids.set(name, id);
    this.names.set(id, name);
  }

  private async orders(asked: Readonly<Record<string, Told>>): Promise<Record<string, Told>> {
    const told: Record<string, Told> = {};
    for (const [name, keys] of Object.entries(asked)) {
      // Refused: there is nothing to tell of it.
      if (!this.ids.has(name)) {
        told[name] = {};
        continue;
      }
      const { body } = await this.client.order(this.idOf(name));
      const whole: Required<Told> = {
        status: body.status, reason: body.status_reason, price: numberOf(body.price), quantity: Number(body.quantity),
        filled: Number(body.filled_quantity), remaining: Number(body.remaining_quantity), average: numberOf(body.average_price),
        time_in_force: body.time_in_force, display_quantity: numberOf(body.display_quantity ?? null),
        stop_price: numberOf(body.stop_price ?? null),
      };
      told[name] = Object.fromEntries(Object.entries(whole).filter(([key]) => key in keys));
    }
    return told;
  }

  private async fills(): Promise<Fill[]> {
    const { body } = await this.client.trades(`?instrument=${this.instrument}&limit=${TRADES_MAX}`);
    const nameOf = (id: string): string => this.names.get(id) ?? id;
    return body.trades.reverse().map((trade: TradeView) => [
      nameOf(trade.maker_order_id), nameOf(trade.taker_order_id), Number(trade.price), Number(trade.quantity),
    ]);
  }

  private async book(): Promise<{ bids: Level[]; asks: Level[] }> {
    const { body: { bids, asks } } = await this.client.book(`?instrument=${this.instrument}&levels=100`);
    const levels = (side: readonly (readonly [string, string])[]): Level[] => side.map(([price, quantity]) => [Number(price), Number(quantity)]);
    return { bids: levels(bids), asks: levels(asks) };
  }

  private idOf(name: string): string {
    return this.ids.get(name) ?? UNKNOWN;
  }

  /** Names are unique among a client's open orders in all instruments. */
  private clientOf(name: string): string {
    return `${name}-${this.instrument}`;
  }
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** Orders that are placed one after the other go in one call: a batch answers each as the single call would. */
function together(steps: readonly Step[]): Step[] {
  const calls: Step[] = [];
  let placing: Step[] = [];
  const close = (): void => {
    if (placing.length > 0) calls.push(placing.length === 1 ? placing[0] as Step : { do: 'batch', operations: placing });
    placing = [];
  };
  for (const step of steps) {
    if (step.do === 'place' && !('expires_in_s' in step.order)) {
      placing.push(step);
      continue;
    }
    close();
    calls.push(step);
  }
  close();
  return calls;
}
