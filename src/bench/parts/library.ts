import { OrderBook, Side } from 'nodejs-order-book';
import type { Figure, Part } from '../result';
import { ALL_STREAMS, readStream, type StreamName } from '../streams';

/** A stream takes no longer than this: on deep books the library slows down as it goes. */
const SECONDS_MAX = 15;
/** Looks at the clock so seldom that looking does not count. */
const CLOCK_EACH = 256;

/** Plays a stream into the library's book, in this process, nothing stored. @returns messages a second */
function play(name: StreamName): { rate: number; share: number } {
  const messages = readStream(name);
  const book = new OrderBook();
  const started = performance.now();
  let played = 0;
  for (const message of messages) {
    if (message.op === 'cancel') {
      book.cancel(message.orderId);
    } else if (message.op === 'modify') {
      book.modify(message.orderId, { price: message.price, size: message.quantity });
    } else {
      book.limit({
        id: message.orderId, side: message.side === 'buy' ? Side.BUY : Side.SELL, size: message.quantity, price: message.price,
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the package does not export the enum
        timeInForce: (message.ioc ? 'IOC' : 'GTC') as NonNullable<Parameters<OrderBook['limit']>[0]['timeInForce']>,
      });
    }
    played++;
    if (played % CLOCK_EACH === 0 && performance.now() - started > SECONDS_MAX * 1_000) break;
  }
  return { rate: played / ((performance.now() - started) / 1_000), share: played / messages.length };
}

async function run() {
  const figures: Figure[] = ALL_STREAMS.map((name) => {
    const { rate, share } = play(name);
    return { name: `nodejs-order-book, ${name}${share < 1 ? `, its first ${Math.round(share * 100)} %` : ''}`, value: rate, unit: 'messages/s' };
  });
  const worst = { name: 'nodejs-order-book, worst of them', value: Math.min(...figures.map(({ value }) => value)), unit: 'messages/s' };
  return { figures: [...figures, worst] };
}

export const libraryPart: Part = { name: 'library', about: 'the npm package nodejs-order-book on the same streams, in process, nothing stored', funds: null, run };
