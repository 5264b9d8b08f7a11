import type { Context } from '../../../src/domain/context';
import { formatAmount } from '../../../src/domain/amounts';
import type { InstrumentTable } from '../../../src/domain/instrument-table';
import { remainingLots } from '../../../src/domain/order';
import { isUuid } from '../../../src/domain/order-id';
import { Refusal, type FieldFault, type OrderWithTrades, type OrderField } from '../../../src/domain/refusal';
import type { DialectMaker, Services } from '../../../src/dialects/services';
import { streamUpgrade } from '../../../src/dialects/streams';
import type { Answer } from '../../../src/http/answer';
import type { BodyFormat, Route } from '../../../src/http/dialect';
import type { NamedOrder, OrderRequest, Outcome } from '../../../src/trading/requests';
import { TapeDialect, TapeEncoder } from './tape';
import { Markets, lineOfOrder, lineOfTrade, wordOf } from './words';

/**
 * A dialect that nobody speaks, as unlike the native one as can be: one address for all calls, forms in, lines of text out,
 * other names, and errors as a line of an answer whose status is always 200. What happens is told on a tape (tape.ts). It stands
 * before the same use cases.
 *
 *     POST /plain/call    call=enter&account=A&market=BTCUSD&way=bid&limit=100&size=1
 *     OK ref=… state=open size=1.00000000 done=0.00000000
 */

const LINES = { 'Content-Type': 'text/plain; charset=utf-8' } as const;

const FORM: BodyFormat = {
  accepts: (contentType) => /^application\/x-www-form-urlencoded(;|$)/.test(contentType),
  parse: (bytes) => new URLSearchParams(bytes.toString('utf8')),
};

/** Its own names of what a request says. */
const NAMES: Readonly<Record<OrderField, string>> = {
  op: 'call', instrument: 'market', side: 'way', type: 'kind', timeInForce: 'lasting', postOnly: 'maker', selfTradePrevention: 'own', quoteQuantity: 'money', maxSlippage: 'slip', price: 'limit', quantity: 'size',
  stopPrice: 'stop', trailingOffset: 'behind', trailingPercent: 'share', remainingQuantity: 'left', displayQuantity: 'tip', orders: 'calls', orderId: 'ref', clientOrderId: 'tag', cursor: 'cursor',
};

const SIDES = { bid: 'buy', ask: 'sell' } as const;

function wrong(name: string, message: string): Refusal {
  return new Refusal('validation_failed', { detail: `${name}: ${message}` });
}

class Form {
  constructor(private readonly fields: URLSearchParams) {}

  optional(name: string): string | null {
    const all = this.fields.getAll(name);
    if (all.length > 1) throw wrong(name, 'given twice');
    const [value] = all;
    if (value === undefined) return null;
    if (!/^[ -~]{1,64}$/.test(value)) throw wrong(name, 'not plain');
    return value;
  }

  text(name: string): string {
    const value = this.optional(name);
    if (value === null) throw wrong(name, 'missing');
    return value;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.text(name);
    const found = values.find((one) => one === value);
    if (found === undefined) throw wrong(name, `not one of ${values.join(', ')}`);
    return found;
  }

  all(name: string): string[] {
    return this.fields.getAll(name);
  }
}

function refOf(text: string): string {
  if (!isUuid(text)) throw new Refusal('order_not_found');
  return text.toLowerCase();
}

function named(form: Form): NamedOrder {
  const ref = form.optional('ref');
  if (ref !== null) return { orderId: refOf(ref), clientId: form.optional('account') };
  return { clientId: form.text('account'), clientOrderId: form.text('tag') };
}

function requestOf(form: Form, markets: Markets): OrderRequest {
  const key = form.optional('once');
  switch (form.oneOf('call', ['enter', 'change', 'withdraw'])) {
    case 'enter': {
      const limit = form.optional('limit') ?? undefined;
      return {
        op: 'place', clientId: form.text('account'), instrument: markets.nameOf(form.text('market')), side: SIDES[form.oneOf('way', ['bid', 'ask'])],
        type: limit === undefined ? 'market' : 'limit', timeInForce: limit === undefined ? 'ioc' : 'gtc', postOnly: form.optional('maker') === 'yes',
        price: limit, quantity: form.text('size'), clientOrderId: form.optional('tag'), key, ackAfter: undefined,
      };
    }
    case 'change': {
      const price = form.optional('limit') ?? undefined;
      const quantity = form.optional('size') ?? undefined;
      const remainingQuantity = form.optional('left') ?? undefined;
      if (quantity !== undefined && remainingQuantity !== undefined) throw wrong('left', 'not beside size');
      if (price === undefined && quantity === undefined && remainingQuantity === undefined) throw wrong('limit', 'nothing to change');
      return { op: 'amend', order: named(form), price, quantity, remainingQuantity, key };
    }
    case 'withdraw':
      return { op: 'cancel', order: named(form), key };
  }
}

function lineOfFault({ field, message }: FieldFault): string {
  // It has words for orders only.
  return `${typeof field === 'string' && field in NAMES ? NAMES[field as OrderField] : 'call'}: ${message}`;
}

class Plain {
  private readonly instruments: InstrumentTable;
  private readonly markets: Markets;

  constructor(private readonly services: Services) {
    this.instruments = services.instruments;
    this.markets = new Markets(services.instruments.all);
  }

  async call(context: Context, form: Form): Promise<string> {
    const { trading } = this.services;
    switch (form.text('call')) {
      case 'several': {
        const outcomes = await trading.batch(context, form.all('line').map((line) => requestOf(new Form(new URLSearchParams(line)), this.markets)));
        return outcomes.map((outcome) => (outcome instanceof Refusal ? this.error(outcome) : this.outcome(outcome))).join('\n');
      }
      case 'withdrawAll': {
        const market = form.optional('market');
        const gone = await trading.massCancel(context, { clientId: form.text('account'), instrument: market === null ? null : this.markets.nameOf(market) });
        return `OK gone=${gone.length}`;
      }
      default:
        return this.outcome(await trading.carryOut(context, requestOf(form, this.markets)));
    }
  }

  async ladder(context: Context, market: string, rows: number): Promise<string> {
    const { instrument, asks, bids, sequence } = await this.services.market.book(context, this.markets.nameOf(market), rows);
    const line = (way: string) => ([ticks, lots]: readonly [number, number]): string => `${way} ${formatAmount(ticks, instrument.tick)} ${formatAmount(lots, instrument.lot)}`;
    return [`OK at=${sequence}`, ...[...asks].reverse().map(line('ask')), ...bids.map(line('bid'))].join('\n');
  }

  async mine(context: Context, account: string): Promise<string> {
    const { orders } = await this.services.trading.orders(context, { clientId: account, status: 'open', instrument: null, limit: 100, cursor: null });
    return [`OK open=${orders.length}`, ...orders.map((order) => lineOfOrder(order, this.instruments.of(order.instrument)))].join('\n');
  }

  async one(context: Context, ref: string): Promise<string> {
    return `OK ${this.order(await this.services.trading.order(context, refOf(ref)))}`;
  }

  async tape(context: Context, market: string): Promise<string> {
    const { instrument, trades } = await this.services.market.trades(context, this.markets.nameOf(market), 50, null);
    return [`OK deals=${trades.length}`, ...trades.map((trade) => lineOfTrade(trade, instrument))].join('\n');
  }

  private outcome(outcome: Outcome): string {
    return `${outcome.replayed ? 'AGAIN' : 'OK'} ${this.order(outcome)}`;
  }

  private order({ order, trades }: OrderWithTrades): string {
    const instrument = this.instruments.of(order.instrument);
    return [lineOfOrder(order, instrument), ...trades.map((trade) => lineOfTrade(trade, instrument))].join(' | ');
  }

  /** One line, and in it what the facts say. */
  error(refusal: Refusal): string {
    const { fields, order, cancelled, detail } = refusal.facts;
    const words = [
      ...(fields ?? []).map(lineOfFault), ...(order === undefined ? [] : [this.order(order), `left=${remainingLots(order.order)}`]),
      ...(cancelled === undefined ? [] : [`gone=${cancelled.length}`]), ...(detail === undefined ? [] : [detail]),
    ];
    return ['NO', ...(refusal.replayed ? ['AGAIN'] : []), wordOf(refusal.code), words.join('; ')].join(' ').trimEnd();
  }
}

/** @param work gives the lines of an answer */
function route(method: Route['method'], path: string, body: BodyFormat | null, work: (call: Parameters<Route['handle']>[0]) => Promise<string>): Route {
  return { name: path, method, path, body, access: { caller: 'user', scope: 'trade', limit: 'mutate' }, handle: async (call): Promise<Answer> => ({ status: 200, body: `${await work(call)}\n`, headers: LINES }) };
}

/** @param encoder keeps what the tape said */
export const plainDialect = (encoder = new TapeEncoder()): DialectMaker => (services) => {
  const plain = new Plain(services);
  return {
    prefix: '/plain',
    routes: [
      route('POST', '/call', FORM, ({ context, body }) => plain.call(context, new Form((body as URLSearchParams | undefined) ?? new URLSearchParams()))),
      route('GET', '/ladder/:market', null, ({ context, params, query }) => plain.ladder(context, params.market as string, Number(new URLSearchParams(query).get('rows') ?? 10))),
      route('GET', '/mine/:account', null, ({ context, params }) => plain.mine(context, params.account as string)),
      route('GET', '/one/:ref', null, ({ context, params }) => plain.one(context, params.ref as string)),
      route('GET', '/tape/:market', null, ({ context, params }) => plain.tape(context, params.market as string)),
    ],
    upgrades: { '/tape': streamUpgrade(services.streams, new TapeDialect(new Markets(services.instruments.all), encoder)) },
    answerOf: (refusal, requestId) => ({ status: 200, body: `${plain.error(refusal)} [${requestId}]\n`, headers: LINES }),
  };
};
