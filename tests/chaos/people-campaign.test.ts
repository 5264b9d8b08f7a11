import { campaign, CAMPAIGN_TIMEOUT_MS, FAULTS, FAULTS_OF_PEOPLE, numberIn } from './support/campaign';

test('a short campaign with every fault lets nobody do what is not theirs, where callers say who they are', async () => {
  const table = await campaign(['--auth', 'required'], FAULTS + FAULTS_OF_PEOPLE);
  expect(numberIn(table, 'kept out for who asked')).toBeGreaterThan(10);
  expect(numberIn(table, 'acts with powers')).toBeGreaterThan(100);
}, CAMPAIGN_TIMEOUT_MS);
