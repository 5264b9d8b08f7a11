import { campaign, CAMPAIGN_TIMEOUT_MS, FAULTS, numberIn } from './support/campaign';

test('a short campaign with every fault loses nothing acknowledged, does nothing twice, and leaves a venue that agrees with itself', async () => {
  const table = await campaign([], FAULTS);
  expect([numberIn(table, 'kept out for who asked'), numberIn(table, 'acts with powers')]).toEqual([0, 0]);
}, CAMPAIGN_TIMEOUT_MS);
