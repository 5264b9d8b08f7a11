import { callOnce, limit } from '../support/client';
import { until } from '../support/until';
import { Venue } from '../support/venue';

describe('the test venue', () => {
  it('runs the whole service on its own shard and database, and leaves nothing behind', async () => {
    const venue = await Venue.open();
    const { url } = await venue.start();
    const answer = await callOnce(url, 'POST', '/orders', { body: limit() });
    expect(answer).toMatchObject({ status: 201, body: { status: 'open' } });
    await until('the order is in the journal', async () => (await venue.database.query('SELECT 1 FROM journal')).length === 1);
    expect((await venue.redis.keys(`{${venue.shard}}:*`)).length).toBeGreaterThan(0);
    await venue.close();
  });

  it('tells of connections that a test has left open', async () => {
    const venue = await Venue.open();
    await venue.start();
    const other = await Venue.open();
    // A second service on the first one's database, which the first venue does not know of.
    const stray = await other.start({ DATABASE_URL: venue.database.url, SHARD: venue.shard });
    await expect(venue.close()).rejects.toThrow(/left open: a database connection/);
    await stray.stop();
    // Its shard was dropped under its feet, and it may have written there since.
    await other.redis.dropShard(venue.shard);
    await other.close();
  });
});
