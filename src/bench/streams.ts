import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseMessages, type Message, type Side } from '../conformance/messages';
import { ReportBuilder, type StreamAnswer, type StreamCommand } from '../conformance/reports';
import { seededRandom } from '../seeded-random';

/** The public benchmark's streams, as they lie beside the tests. */

export const STREAMS = ['normal', 'static', 'flash-crash'] as const;
/** The benchmark's, and one of our own that is hard on queues. */
export const ALL_STREAMS = [...STREAMS, 'deep'] as const;
export type StreamName = (typeof ALL_STREAMS)[number];

/** Whether the benchmark knows what must come of a stream; the figures that are asked for are of these. */
export function isConformance(name: StreamName): boolean {
  return name !== 'deep';
}

const DIRECTORY = join(__dirname, '..', '..', 'tests', 'conformance');

export function readStream(name: StreamName): Message[] {
  if (name === 'deep') return deepStream(DEEP_SEED);
  return parseMessages(gunzipSync(readFileSync(join(DIRECTORY, `${name}.messages.csv.gz`))).toString('utf8'));
}

const DEEP_FILL = 60_000;
const DEEP_MIX = 40_000;
const DEEP_PRICES = 20;
const DEEP_MID = 30_000;

/**
 * A book that is deep where the benchmark's are not: it fills up to thousands of orders at each of a few prices, and is then
 * worked on: as many orders come as go, from anywhere in the queues, and now and then one trades.
 */
export function deepStream(seed: number): Message[] {
  const random = seededRandom(seed);
  const messages: Message[] = [];
  const open: string[] = [];
  let lastId = 0;
  const priceOf = (side: Side): number => DEEP_MID + (side === 'buy' ? -1 : 1) * (1 + random.below(DEEP_PRICES));
  const add = (): void => {
    const side = random.pick(['buy', 'sell'] as const);
    messages.push({ seq: messages.length + 1, op: 'new', orderId: String(++lastId), side, ioc: false, price: priceOf(side), quantity: 1 + random.below(100) });
    open.push(String(lastId));
  };
  while (messages.length < DEEP_FILL) add();
  while (messages.length < DEEP_FILL + DEEP_MIX) {
    const seq = messages.length + 1;
    const dice = random.next();
    if (dice < 0.45) {
      add();
    } else if (dice < 0.9) {
      const at = random.below(open.length);
      const gone = open[at] as string;
      open[at] = open.at(-1) as string;
      open.pop();
      messages.push({ seq, op: 'cancel', orderId: gone });
    } else {
      const side = random.pick(['buy', 'sell'] as const);
      messages.push({ seq, op: 'new', orderId: String(++lastId), side, ioc: true, price: side === 'buy' ? DEEP_MID + 1 : DEEP_MID - 1, quantity: 1 + random.below(100) });
    }
  }
  return messages;
}

const DEEP_SEED = 1;

/** Commands of all messages, made before anything is timed: a client knows its orders. */
export interface PreparedStream {
  readonly messages: readonly Message[];
  readonly commands: readonly StreamCommand[];
  /** @throws Error when the answers do not come to the reports that the benchmark expects */
  check(answers: readonly StreamAnswer[]): void;
}

export function prepareStream(name: StreamName): PreparedStream {
  const messages = readStream(name);
  const builder = new ReportBuilder();
  const sent = messages.map((message) => ({ message, commands: builder.commandsOf(message) }));
  return {
    messages,
    commands: sent.flatMap(({ commands }) => commands),
    check(answers) {
      const hash = createHash('sha256');
      let separator = '';
      for (const line of builder.reportsOfAll(sent, answers)) {
        hash.update(separator).update(line);
        separator = '\n';
      }
      // Nobody else has played ours.
      if (name === 'deep') return;
      const { sha256 } = JSON.parse(readFileSync(join(DIRECTORY, `${name}.expected.json`), 'utf8')) as { sha256: string };
      if (hash.digest('hex') !== sha256) throw new Error(`${name}: the reports are not those that the benchmark expects`);
    },
  };
}
