import { windowed } from '../batching';
import { CpuWatch } from '../cpu';
import { ACCOUNTS, accountName, accountOfOrder } from '../money';
import type { Bench, Figure, Part } from '../result';
import { batchesOf, instrumentsFile, playBatches, warmUp } from '../stream-batches';
import { StreamReceiver } from '../stream-receiver';
import { prepareStream, STREAMS } from '../streams';
import { median } from '../turns';
import type { BenchVenue } from '../venue';
import { byTurns, medianCpu, shareOf } from '../venues-by-turns';

/** Of each stream in each venue; an odd number, for a median. */
const PLAYS = 3;
const CANCELS_IN_FLIGHT = 16;
const PROCESSES = ['service', 'Redis', 'Postgres', 'load generator'] as const;

interface Played {
  readonly rate: number;
  readonly cpu: readonly (readonly [process: string, us: number | null])[];
}

/** The next play finds an empty book. */
async function cancelAll(venue: BenchVenue): Promise<void> {
  await windowed(Array.from({ length: ACCOUNTS }, (_, n) => accountName(n)), CANCELS_IN_FLIGHT, async (account) => {
    const { status, text } = await venue.call('DELETE', `/orders?client_id=${account}&instrument=BENCH-USD`);
    if (status !== 200) throw new Error(`a cancel of all orders was answered ${status}: ${text.slice(0, 300)}`);
  });
  await venue.untilDrained();
}

async function run(bench: Bench) {
  const streams = STREAMS.map((name) => prepareStream(name));
  const requests = streams.map((stream) => batchesOf(stream, accountOfOrder));
  const plays = await byTurns(bench, { INSTRUMENTS_FILE: instrumentsFile(bench) }, PLAYS * STREAMS.length, warmUp, async (venue, side, round): Promise<Played> => {
    const at = round % STREAMS.length;
    const stream = streams[at] as (typeof streams)[number];
    const receiver = await StreamReceiver.open(venue.port, '/stream?channels=trades,orderbook');
    const watch = new CpuWatch(venue.processes);
    let cpu: Played['cpu'] = [];
    const { seconds } = await playBatches(venue, stream, requests[at] as Buffer[], async () => {
      // What an order costs Postgres is spent when it is there.
      await venue.untilDrained();
      cpu = watch.microsecondsPer(stream.messages.length);
    });
    receiver.close();
    if (receiver.gaps > 0 || receiver.deltas === 0) throw new Error(`${side}: the stream told ${receiver.deltas} changes of the book, with ${receiver.gaps} gaps`);
    await cancelAll(venue);
    return { rate: stream.messages.length / seconds, cpu };
  });
  const ofStream = (i: number) => {
    const own = (all: readonly Played[]): Played[] => all.filter((_, round) => round % STREAMS.length === i);
    return { off: own(plays.off), paper: own(plays.paper) };
  };
  return {
    figures: STREAMS.map((name, i): Figure => ({
      name: `${name}: paper, as a share of off`, value: shareOf(ofStream(i), ({ rate }) => rate), unit: '', goal: { bound: 0.8, better: 'higher' },
    })),
    tables: [{
      title: `Medians of ${PLAYS} plays; CPU of a message until Postgres has it, µs`, columns: ['stream', 'FUNDS', 'messages/s', ...PROCESSES],
      rows: STREAMS.flatMap((name, i) => Object.entries(ofStream(i)).map(([side, all]) => [
        name, side, median(all.map(({ rate }) => rate)), ...medianCpu(all.map(({ cpu }) => cpu)),
      ])),
    }],
  };
}

export const moneyBatchesPart: Part = {
  name: 'money-batches', about: 'conformance streams of 1,000 accounts in HTTP batches, at two venues by turns, without money and with it', funds: ['off', 'paper'], run,
};
