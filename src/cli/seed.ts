import { Command, InvalidArgumentError } from 'commander';
import { formatAmount } from '../domain/amounts';
import { seededRandom, type Random } from '../seeded-random';
import type { Operation } from '#openfill-client';
import { VenueClient, VenueError, askVenue, type VenueInstrument } from '../conformance/venue-client';
import { LoadersError, loadersOf } from '../load/loaders';
import { venueUrl } from '../servers/venue-url';

/** `npm run seed`: fills a running venue with a believable book and trades. */

const BATCH = 200;
const CLIENTS = 24;
/** Users that are registered where callers say who they are, a batch of each in turn: as many as an address may sign up and log in at once. */
const USERS = 10;
/** What a unit of the better known assets costs, so that the first look is familiar. */
const PRICES: Readonly<Record<string, number>> = { 'BTC-USD': 50_000, 'ETH-USD': 3_000 };
const OTHER_PRICE_TICKS = 10_000;
/** Value of an average order, in the quote asset. */
const ORDER_VALUE = 2_500;

interface Market extends VenueInstrument {
  /** Where the price is now, in ticks; it walks. */
  midTicks: number;
  readonly sizeLots: number;
}

function marketOf(instrument: VenueInstrument): Market {
  const tick = Number(instrument.tick.text);
  const price = PRICES[instrument.instrument];
  const midTicks = price === undefined ? OTHER_PRICE_TICKS : Math.round(price / tick);
  const sizeLots = Math.max(1, Math.round(ORDER_VALUE / (midTicks * tick) / Number(instrument.lot.text)));
  return { ...instrument, midTicks, sizeLots };
}

/** Who sends a batch, and whose its orders are: of a user, its own. */
interface Sender {
  readonly venue: VenueClient;
  readonly isUser: boolean;
}

async function sendersOf(url: string): Promise<readonly Sender[]> {
  const loaders = await askVenue(url, () => loadersOf(url, process.env, USERS));
  return loaders === null ? [{ venue: new VenueClient(url), isUser: false }] : loaders.map((auth) => ({ venue: new VenueClient(url, auth), isUser: true }));
}

/** Mostly small, sometimes large: sizes as an exponential spread around the average. */
function size(market: Market, random: Random): string {
  return formatAmount(Math.max(1, Math.round(market.sizeLots * -Math.log(1 - random.next()))), market.lot);
}

function order(market: Market, random: Random, isUser: boolean): Operation {
  const side = random.pick(['buy', 'sell'] as const);
  // Drawn in any case: the same number makes the same orders, whoever's they are.
  const client = `client-${random.below(CLIENTS) + 1}`;
  const common = {
    op: 'place' as const, ...(!isUser && { client_id: client }), instrument: market.instrument, side,
    // The same market as where nobody is asked who they are, though a few stand for many.
    self_trade_prevention: 'none' as const,
    quantity: size(market, random),
  };
  market.midTicks = Math.max(10, Math.round(market.midTicks * (1 + (random.next() - 0.5) * 0.0004)));
  if (random.next() < 0.12) return { ...common, type: 'market' };
  // Most orders stand near the price, a few far away.
  const distance = Math.max(1, Math.round(market.midTicks * 0.00005 * Math.exp(5 * random.next() * random.next())));
  const ticks = Math.max(1, side === 'buy' ? market.midTicks - distance : market.midTicks + distance);
  return { ...common, type: 'limit', price: formatAmount(ticks, market.tick) };
}

async function seed(url: string, orders: number, seedNumber: number): Promise<void> {
  const senders = await sendersOf(url);
  const venue = new VenueClient(url);
  const random = seededRandom(seedNumber);
  const markets = (await venue.instruments()).map(marketOf);
  const statuses = new Map<string, number>();
  let trades = 0;
  for (let sent = 0; sent < orders; sent += BATCH) {
    const sender = senders[sent / BATCH % senders.length] as Sender;
    const operations = Array.from({ length: Math.min(BATCH, orders - sent) }, () => order(random.pick(markets), random, sender.isUser));
    for (const { status, body } of await sender.venue.batch(operations)) {
      const name = status === 201 ? String(body.status) : String(body.code);
      statuses.set(name, (statuses.get(name) ?? 0) + 1);
      trades += Array.isArray(body.trades) ? body.trades.length : 0;
    }
  }
  process.stdout.write(`${orders} orders with seed ${seedNumber}: ${[...statuses].map(([name, count]) => `${count} ${name}`).join(', ')}; ${trades} trades\n`);
  for (const { instrument } of markets) {
    const { bids, asks } = await venue.orderbook(instrument, 5);
    process.stdout.write(`\n${instrument}\n`);
    for (const [price, quantity] of [...asks].reverse()) process.stdout.write(`  ask ${price.padStart(12)}  ${quantity}\n`);
    for (const [price, quantity] of bids) process.stdout.write(`  bid ${price.padStart(12)}  ${quantity}\n`);
  }
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError(`"${text}" is not a positive integer`);
  return value;
}

const program = new Command('seed')
  .description('Fills a running venue with a believable book and trades.')
  .option('--url <url>', 'the venue', venueUrl(process.env))
  .option('--orders <count>', 'how many orders', positiveInteger, 4_000)
  .option('--seed <number>', 'the same number makes the same orders', positiveInteger, 1)
  .action(async (options: { url: string; orders: number; seed: number }) => {
    try {
      await seed(options.url.replace(/\/+$/, ''), options.orders, options.seed);
    } catch (error) {
      if (!(error instanceof VenueError || error instanceof LoadersError)) throw error;
      process.stderr.write(`seed: ${error.message}\n`);
      process.exitCode = 1;
    }
  });

void program.parseAsync();
