import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../seeded-random';
import type { ChaosVenue } from './chaos-venue';

export type Part = 'api' | 'writer' | 'redis' | 'postgres' | 'link';

/** One way to break a venue. `apply` breaks it, waits, and makes the part itself whole again; the venue does the rest. */
export interface Fault {
  readonly name: string;
  readonly part: Part;
  /** A part is ended by force. */
  readonly kills: boolean;
  /** Redis loses what it acknowledged: only what Postgres has is promised to survive. */
  readonly losesRedis: boolean;
  apply(venue: ChaosVenue, random: Random): Promise<void>;
}

const seconds = (random: Random, from: number, to: number): Promise<void> => sleep(1000 * (from + random.next() * (to - from)));

function fault(name: string, part: Part, kills: boolean, losesRedis: boolean, apply: Fault['apply']): Fault {
  return { name, part, kills, losesRedis, apply };
}

export const FAULTS: readonly Fault[] = [
  fault('api killed', 'api', true, false, async (venue, random) => {
    random.pick(venue.apis).service.signal('SIGKILL');
  }),
  fault('writers killed', 'writer', true, false, async (venue) => {
    for (const writer of venue.writers) writer.signal('SIGKILL');
  }),
  fault('one writer killed', 'writer', true, false, async (venue, random) => {
    random.pick(venue.writers).signal('SIGKILL');
  }),
  fault('redis killed', 'redis', true, false, async (venue, random) => {
    await venue.killRedis();
    await seconds(random, 0, 2);
    await venue.startRedis();
  }),
  fault('postgres killed', 'postgres', true, false, async (venue, random) => {
    await venue.killPostgres();
    await seconds(random, 0, 3);
    await venue.startPostgres();
  }),
  fault('api stopped', 'api', false, false, async (venue, random) => {
    const { service } = random.pick(venue.apis);
    service.signal('SIGSTOP');
    await seconds(random, 1, 4);
    service.signal('SIGCONT');
  }),
  fault('writers stopped', 'writer', false, false, async (venue, random) => {
    for (const writer of venue.writers) writer.signal('SIGSTOP');
    await seconds(random, 1, 4);
    for (const writer of venue.writers) writer.signal('SIGCONT');
  }),
  fault('redis stopped', 'redis', false, false, async (venue, random) => {
    venue.signalRedis('SIGSTOP');
    await seconds(random, 1, 4);
    venue.signalRedis('SIGCONT');
  }),
  fault('postgres stopped', 'postgres', false, false, async (venue, random) => {
    venue.signalPostgres('SIGSTOP');
    await seconds(random, 1, 4);
    venue.signalPostgres('SIGCONT');
  }),
  fault('redis emptied', 'redis', true, true, async (venue) => {
    await venue.killRedis();
    venue.replaceRedisData(null);
    await venue.startRedis();
  }),
  fault('redis restored from an older copy', 'redis', true, true, async (venue, random) => {
    const copy = venue.keepRedisCopy();
    await seconds(random, 1, 3);
    await venue.killRedis();
    venue.replaceRedisData(copy);
    await venue.startRedis();
  }),
  fault('link to redis cut', 'link', false, false, async (venue) => venue.redisLink.cut()),
  fault('link to redis slow', 'link', false, false, async (venue, random) => {
    venue.redisLink.delay(50 + random.below(250));
    await seconds(random, 1, 4);
    venue.redisLink.heal();
  }),
  fault('link to redis half-closed', 'link', false, false, async (venue, random) => {
    venue.redisLink.swallow();
    await seconds(random, 1, 4);
    venue.redisLink.heal();
  }),
  fault('link to postgres cut', 'link', false, false, async (venue) => venue.postgresLink.cut()),
  fault('link to postgres slow', 'link', false, false, async (venue, random) => {
    venue.postgresLink.delay(50 + random.below(250));
    await seconds(random, 1, 4);
    venue.postgresLink.heal();
  }),
  fault('link to postgres half-closed', 'link', false, false, async (venue, random) => {
    venue.postgresLink.swallow();
    await seconds(random, 1, 4);
    venue.postgresLink.heal();
  }),
  fault('backlog filled to its bound', 'postgres', false, false, async (venue, random) => {
    venue.postgresLink.refuse();
    await seconds(random, 5, 8);
    venue.postgresLink.heal();
  }),
];
