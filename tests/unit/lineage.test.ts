import { SHARD_LAYOUT_VERSION } from '../../src/domain/layouts';
import { judge, type RedisSide, type ShardSide } from '../../src/recovery/lineage';

type State = RedisSide['state'];

const redis = (epoch: string, sequence: number, state: State = 'open', persisted = 0): RedisSide => ({ epoch, sequence, state, persisted, layoutVersion: SHARD_LAYOUT_VERSION, funds: 'paper' });
/** Laid out by another version of the program. */
const laidOut = (side: RedisSide, by: number): RedisSide => ({ ...side, layoutVersion: SHARD_LAYOUT_VERSION + by });
const at = (epoch: string, sequence: number): ShardSide => ({ epoch, sequence });

describe('the life of a shard, judged by what Redis, Postgres and this process know', () => {
  it.each<[string, RedisSide | null, ShardSide | null | 'away', ShardSide | null, ReturnType<typeof judge>]>([
    ['neither has a life', null, null, null, { action: 'begin' }],
    ['a fresh life', redis('a', 0), at('a', 0), null, { action: 'join' }],
    ['Redis ahead of the checkpoint', redis('a', 9), at('a', 5), null, { action: 'join' }],
    ['Redis at the checkpoint', redis('a', 5), at('a', 5), null, { action: 'join' }],
    ['frozen by its operator', redis('a', 9, 'frozen'), at('a', 5), null, { action: 'join' }],
    ['Redis is empty', null, at('a', 5), null, { action: 'rebuild', reason: 'redis_lost' }],
    ['Redis is empty before its first entry', null, at('a', 0), null, { action: 'rebuild', reason: 'redis_lost' }],
    ['an older layout', laidOut(redis('a', 5), -1), at('a', 5), null, { action: 'rebuild', reason: 'older_layout' }],
    ['an older layout with a log to bring over', laidOut(redis('a', 9), -1), at('a', 5), null, { action: 'wait', reason: 'draining_before_rebuild', rebuild: 'older_layout' }],
    ['an older layout, Postgres away', laidOut(redis('a', 9), -1), 'away', at('a', 9), { action: 'wait', reason: 'postgres_away' }],
    ['another setting of funds', { ...redis('a', 5), funds: 'off' }, at('a', 5), null, { action: 'rebuild', reason: 'other_funds' }],
    ['another setting of funds with a log to bring over', { ...redis('a', 9), funds: 'off' }, at('a', 5), null, { action: 'wait', reason: 'draining_before_rebuild', rebuild: 'other_funds' }],
    ['another setting of funds than this process trades with', { ...redis('a', 9), funds: 'off' }, at('a', 5), at('a', 9), { action: 'wait', reason: 'other_funds' }],
    ['another setting of funds, Postgres away', { ...redis('a', 9), funds: 'off' }, 'away', at('a', 9), { action: 'wait', reason: 'postgres_away' }],
    ['a later layout', laidOut(redis('a', 9), 1), at('a', 5), at('a', 9), { action: 'wait', reason: 'newer_layout' }],
    ['a later layout of another life', laidOut(redis('b', 9), 1), at('a', 5), null, { action: 'wait', reason: 'newer_layout' }],
    ['Redis is of another life', redis('b', 9), at('a', 5), null, { action: 'rebuild', reason: 'redis_lost' }],
    ['Redis is of another life and older', redis('b', 1), at('a', 5), null, { action: 'rebuild', reason: 'redis_lost' }],
    ['Redis came back older', redis('a', 4), at('a', 5), null, { action: 'rebuild', reason: 'redis_older' }],
    ['a rebuild was interrupted', redis('a', 5, 'recovering'), at('a', 5), null, { action: 'rebuild', reason: 'interrupted_rebuild' }],
    ['faulted, and all of it is in Postgres', redis('a', 5, 'faulted'), at('a', 5), null, { action: 'rebuild', reason: 'faulted' }],
    ['faulted, and the log has more than Postgres', redis('a', 9, 'faulted'), at('a', 5), null, { action: 'wait', reason: 'draining_before_rebuild', rebuild: 'faulted' }],
    ['stopped for a rebuild, and the log has more', redis('a', 9, 'recovering'), at('a', 5), null, { action: 'wait', reason: 'draining_before_rebuild', rebuild: 'interrupted_rebuild' }],
    ['older than this process has seen, all of it persisted', redis('a', 5), at('a', 5), at('a', 7), { action: 'rebuild', reason: 'redis_older' }],
    ['older than this process has seen, not all persisted', redis('a', 6), at('a', 5), at('a', 7), { action: 'wait', reason: 'draining_before_rebuild', rebuild: 'redis_older' }],
    ['what was seen of an earlier life counts no more', redis('b', 5), at('b', 5), at('a', 99), { action: 'join' }],
    ['Postgres lost its record', redis('a', 5), null, null, { action: 'wait', reason: 'postgres_lost' }],
    ['Postgres lost its record of a known life', redis('a', 5), null, at('a', 5), { action: 'wait', reason: 'postgres_lost' }],
    ['Postgres away, Redis well known', redis('a', 9), 'away', at('a', 7), { action: 'join' }],
    ['Postgres away, Redis well known and frozen', redis('a', 7, 'frozen'), 'away', at('a', 7), { action: 'join' }],
    ['Postgres away, Redis unknown to this process', redis('a', 9), 'away', null, { action: 'wait', reason: 'postgres_away' }],
    ['Postgres away, Redis older than was seen', redis('a', 6), 'away', at('a', 7), { action: 'wait', reason: 'postgres_away' }],
    ['Postgres away, Redis of another life', redis('b', 9), 'away', at('a', 7), { action: 'wait', reason: 'postgres_away' }],
    ['Postgres away, Redis empty', null, 'away', at('a', 7), { action: 'wait', reason: 'postgres_away' }],
    ['Postgres away, Redis faulted', redis('a', 9, 'faulted'), 'away', at('a', 7), { action: 'wait', reason: 'postgres_away' }],
    ['Postgres away, Redis being rebuilt', redis('a', 9, 'recovering'), 'away', at('a', 7), { action: 'wait', reason: 'postgres_away' }],
  ])('%s', (_, ofRedis, ofPostgres, known, verdict) => {
    expect(judge(ofRedis, ofPostgres, known, 'paper')).toEqual(verdict);
  });

  it('never trades on a Redis behind anything known, nor throws away what is not persisted, nor begins over a record', () => {
    const sequences = [0, 1, 5, 6];
    const sides = [null, ...['a', 'b'].flatMap((epoch) => sequences.map((sequence) => at(epoch, sequence)))];
    const states: State[] = ['open', 'frozen', 'recovering', 'faulted'];
    for (const side of sides) {
      for (const state of states) {
        for (const postgres of ['away' as const, ...sides]) {
          for (const known of sides) {
            const ofRedis = side === null ? null : redis(side.epoch, side.sequence, state);
            const { action } = judge(ofRedis, postgres, known, 'paper');
            if (action === 'join') {
              expect(ofRedis).not.toBeNull();
              expect(['open', 'frozen']).toContain(state);
              for (const other of [postgres, known]) {
                if (other !== null && other !== 'away' && other.epoch === ofRedis?.epoch) expect(ofRedis.sequence).toBeGreaterThanOrEqual(other.sequence);
              }
              if (postgres !== 'away') expect(postgres?.epoch).toBe(ofRedis?.epoch);
            }
            if (action === 'rebuild') {
              expect(postgres === null || postgres === 'away').toBe(false);
              const record = postgres as ShardSide;
              if (ofRedis?.epoch === record.epoch) expect(record.sequence).toBeGreaterThanOrEqual(ofRedis.sequence);
            }
            if (action === 'begin') expect([ofRedis, postgres]).toEqual([null, null]);
          }
        }
      }
    }
  });
});
