import type { Bench, Part } from '../result';
import { changeStatesUnderLoad } from '../state-changes';
import { BenchVenue } from '../venue';

const RATE = 2_000;
const CONNECTIONS = 64;

async function run(bench: Bench) {
  const venue = await BenchVenue.start(bench);
  try {
    const { load, refused, rounds, bookMessages, problems } = await changeStatesUnderLoad({
      url: venue.venue.url, port: venue.port, rate: RATE, seconds: bench.seconds, connections: CONNECTIONS, run: 'states',
      change: async (instrument, state) => {
        const { status, text } = await venue.call('PATCH', `/instruments/${instrument}`, JSON.stringify({ state }));
        if (status !== 200) throw new Error(`state ${state} was answered ${status} ${text}`);
      },
    });
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    await venue.untilDrained();
    return {
      figures: [
        { name: 'orders answered', value: load.answered / load.seconds, unit: 'orders/s' },
        { name: 'of them refused while it did not trade', value: refused, unit: 'orders' },
        { name: 'p99 of an answer', value: load.latencies.percentile(99), unit: 'ms' },
        { name: 'halts, auctions and reopenings', value: rounds, unit: 'rounds' },
        { name: 'changes of the book that the client was told', value: bookMessages, unit: 'messages' },
        { name: 'gaps, wrong checksums and wrong books', value: problems.length, unit: '', goal: { bound: 0, better: 'lower' as const } },
      ],
    };
  } finally {
    await venue.stop();
  }
}

export const statesPart: Part = { name: 'states', about: 'halts, auctions and reopenings during 2,000 orders a second, watched by a client that keeps its book', run };
