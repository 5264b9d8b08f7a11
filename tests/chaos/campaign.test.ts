import { campaign, CAMPAIGN_TIMEOUT_MS, FAULTS, FAULTS_OF_PEOPLE, numberIn } from './support/campaign';

it('a short campaign with every fault loses nothing, does nothing twice, and lets nobody do what is not theirs', async () => {
  const table = await campaign(['--auth', 'required'], FAULTS + FAULTS_OF_PEOPLE);
  expect(numberIn(table, 'kept out for who asked')).toBeGreaterThan(10);
  expect(numberIn(table, 'acts with powers')).toBeGreaterThan(100);
}, CAMPAIGN_TIMEOUT_MS);

// Where nobody is asked who they are the same faults come to the same end, which takes as long again.
(process.env.CAMPAIGN_ALL === undefined ? it.skip : it)('a campaign without people has none of theirs', async () => {
  const table = await campaign([], FAULTS);
  expect([numberIn(table, 'kept out for who asked'), numberIn(table, 'acts with powers')]).toEqual([0, 0]);
}, CAMPAIGN_TIMEOUT_MS);
