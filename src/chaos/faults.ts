import type { Random } from '../seeded-random';
import type { ChaosVenue } from './chaos-venue';

export type Part = 'api' | 'writer' | 'redis' | 'postgres' | 'link' | 'people';

/** One way to break a venue. `apply` breaks it, waits, and makes the part itself whole again; the venue does the rest. */
export interface Fault {
  readonly name: string;
  readonly part: Part;
  /** A part is ended by force. */
  readonly kills: boolean;
  apply(venue: ChaosVenue, random: Random): Promise<void>;
}

export function fault(name: string, part: Part, kills: boolean, apply: Fault['apply']): Fault {
  return { name, part, kills, apply };
}

export const FAULTS: readonly Fault[] = [
  fault('api killed', 'api', true, async (venue, random) => {
    random.pick(venue.apis).service.signal('SIGKILL');
  }),
  fault('writers killed', 'writer', true, async (venue) => {
    for (const writer of venue.writers) writer.signal('SIGKILL');
  }),
  fault('one writer killed', 'writer', true, async (venue, random) => {
    random.pick(venue.writers).signal('SIGKILL');
  }),
  fault('redis killed', 'redis', true, async (venue, random) => {
    await venue.killRedis();
    await venue.outage(random, 0, 2);
    await venue.startRedis();
  }),
  fault('postgres killed', 'postgres', true, async (venue, random) => {
    await venue.killPostgres();
    await venue.outage(random, 0, 3);
    await venue.startPostgres();
  }),
  fault('api stopped', 'api', false, async (venue, random) => {
    const { service } = random.pick(venue.apis);
    service.signal('SIGSTOP');
    await venue.outage(random, 1, 4);
    service.signal('SIGCONT');
  }),
  fault('writers stopped', 'writer', false, async (venue, random) => {
    for (const writer of venue.writers) writer.signal('SIGSTOP');
    await venue.outage(random, 1, 4);
    for (const writer of venue.writers) writer.signal('SIGCONT');
  }),
  fault('redis stopped', 'redis', false, async (venue, random) => {
    venue.signalRedis('SIGSTOP');
    await venue.outage(random, 1, 4);
    venue.signalRedis('SIGCONT');
  }),
  fault('postgres stopped', 'postgres', false, async (venue, random) => {
    venue.signalPostgres('SIGSTOP');
    await venue.outage(random, 1, 4);
    venue.signalPostgres('SIGCONT');
  }),
  fault('redis emptied', 'redis', true, async (venue) => {
    await venue.loseRedis(null);
  }),
  fault('redis restored from an older copy', 'redis', true, async (venue, random) => {
    const copy = venue.keepRedisCopy();
    await venue.outage(random, 1, 3);
    await venue.loseRedis(copy);
  }),
  fault('link to redis cut', 'link', false, async (venue) => venue.redisLink.cut()),
  fault('link to redis slow', 'link', false, async (venue, random) => {
    venue.redisLink.delay(50 + random.below(250));
    await venue.outage(random, 1, 4);
    venue.redisLink.heal();
  }),
  fault('link to redis half-closed', 'link', false, async (venue, random) => {
    venue.redisLink.swallow();
    await venue.outage(random, 1, 4);
    venue.redisLink.heal();
  }),
  fault('link to postgres cut', 'link', false, async (venue) => venue.postgresLink.cut()),
  fault('link to postgres slow', 'link', false, async (venue, random) => {
    venue.postgresLink.delay(50 + random.below(250));
    await venue.outage(random, 1, 4);
    venue.postgresLink.heal();
  }),
  fault('link to postgres half-closed', 'link', false, async (venue, random) => {
    venue.postgresLink.swallow();
    await venue.outage(random, 1, 4);
    venue.postgresLink.heal();
  }),
  fault('backlog filled to its bound', 'postgres', false, async (venue, random) => {
    venue.postgresLink.refuse();
    await venue.untilBacklogFull();
    await venue.outage(random, 0.5, 1.5);
    venue.postgresLink.heal();
  }),
];
