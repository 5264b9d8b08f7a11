import type { CommandResult } from '../../src/domain/commands';
import { LogAudit } from '../../src/reference/log-audit';
import { ReferenceShard } from '../../src/reference/shard';
import { expectStream, playStream, readMessages, STREAMS } from '../engine/support/stream';
import { TEST_LIMITS } from '../engine/support/test-shard';

/** The oracle has to be right before it may judge. */
test.each(STREAMS)('the reference book gives the expected reports and book of %s', async (name) => {
  const shard = new ReferenceShard({ ...TEST_LIMITS, funds: 'off' });
  const audit = new LogAudit();
  const problems: string[] = [];
  let timeUs = 1_000_000;
  const reports = await playStream(readMessages(name), 1000, (commands) => Promise.resolve(commands.map((command): CommandResult => {
    timeUs++;
    const result = shard.apply(command, { timeUs, second: Math.floor(timeUs / 1e6) });
    if (result.outcome === 'logged') problems.push(...audit.add(result.entry));
    return result;
  })));
  const state = shard.state();
  expectStream(name, reports, state.books, state.tradeIds[0]?.tradeId ?? 0);
  expect([...problems, ...shard.invariants()]).toEqual([]);
}, 60_000);
