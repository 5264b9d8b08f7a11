import { judge, type RedisSide, type ShardSide, type Verdict } from '../../src/recovery/lineage';

const redis = (sequence: number, changes: Partial<RedisSide> = {}): RedisSide => ({ epoch: 'one', sequence, state: 'open', persisted: 0, ...changes });
const side = (sequence: number, epoch = 'one'): ShardSide => ({ epoch, sequence });

const join: Verdict = { action: 'join' };
const begin: Verdict = { action: 'begin' };
const rebuild = (reason: Extract<Verdict, { action: 'rebuild' }>['reason']): Verdict => ({ action: 'rebuild', reason });
const wait = (reason: Extract<Verdict, { action: 'wait' }>['reason']): Verdict => ({ action: 'wait', reason });

describe('which life of the shard Redis and Postgres are in', () => {
  it.each<[string, RedisSide | null, ShardSide | null | 'away', ShardSide | null, Verdict]>([
    ['the same life, Redis ahead', redis(10), side(7), null, join],
    ['the same life, both at one place', redis(7), side(7), side(7), join],
    ['the same life, frozen by its operator', redis(7, { state: 'frozen' }), side(7), null, join],
    ['the first start', null, null, null, begin],
    ['Redis empty beside a history', null, side(7), null, rebuild('redis_lost')],
    ['Redis empty under a running service', null, side(7), side(9), rebuild('redis_lost')],
    ['Redis empty before the first order', null, side(0), null, rebuild('redis_lost')],
    ['Redis of another life', redis(9, { epoch: 'other' }), side(7), null, rebuild('redis_lost')],
    ['Redis of another life, frozen', redis(9, { epoch: 'other', state: 'frozen' }), side(7), null, rebuild('redis_lost')],
    ['Redis older than Postgres', redis(6), side(7), null, rebuild('redis_older')],
    ['Redis older than what this process has seen, all of it persisted', redis(8), side(8), side(9), rebuild('redis_older')],
    ['Redis older than what this process has seen, not all persisted', redis(8), side(7), side(9), wait('draining_before_rebuild')],
    ['what was seen of another life says nothing', redis(8), side(7), side(99, 'before'), join],
    ['a shard that stopped itself, persisted', redis(7, { state: 'faulted' }), side(7), side(7), rebuild('faulted')],
    ['a shard that stopped itself, not persisted', redis(9, { state: 'faulted' }), side(7), side(9), wait('draining_before_rebuild')],
    ['a rebuild that was interrupted', redis(7, { state: 'recovering' }), side(7), null, rebuild('interrupted_rebuild')],
    ['a shard that was closed to be rebuilt, not persisted', redis(9, { state: 'recovering' }), side(7), null, wait('draining_before_rebuild')],
    ['an interrupted rebuild that never came to its new life', redis(7, { state: 'recovering' }), side(7, 'two'), null, rebuild('redis_lost')],
    ['Postgres away, Redis known', redis(10), 'away', side(9), join],
    ['Postgres away, Redis known and frozen', redis(10, { state: 'frozen' }), 'away', side(10), join],
    ['Postgres away, Redis not known', redis(10), 'away', null, wait('postgres_away')],
    ['Postgres away, Redis older than seen', redis(8), 'away', side(9), wait('postgres_away')],
    ['Postgres away, Redis of another life', redis(10, { epoch: 'other' }), 'away', side(9), wait('postgres_away')],
    ['Postgres away, Redis empty', null, 'away', side(9), wait('postgres_away')],
    ['Postgres away, the shard stopped itself', redis(10, { state: 'faulted' }), 'away', side(9), wait('postgres_away')],
    ['Postgres away, the shard being rebuilt', redis(10, { state: 'recovering' }), 'away', side(9), wait('postgres_away')],
    ['Postgres lost while Redis has a life', redis(10), null, side(9), wait('postgres_lost')],
    ['Postgres lost before this process has seen anything', redis(10), null, null, wait('postgres_lost')],
  ])('%s', (_, redisSide, postgres, known, verdict) => {
    expect(judge(redisSide, postgres, known)).toEqual(verdict);
  });
});
