import { API_KEY } from '../../src/dialects/native/check/people-schemas';
import { AMEND, checkBody, checkPlace, checkQuery, querySchemas } from '../../src/dialects/native/check/schemas';
import { RequestRefusal } from '../../src/http/request-refusal';

/** What is wrong is told in a sentence about the field, not in a validator's own words. */

const ORDER = { client_id: 'ann', instrument: 'BTC-USD', side: 'buy', type: 'limit', price: '1', quantity: '1' };
const QUERIES = querySchemas({ levelsMax: 10, tradesMax: 10, ordersMax: 10 });

function wordsOf(check: () => unknown): readonly string[] {
  try {
    check();
  } catch (error) {
    if (error instanceof RequestRefusal) return (error.errors ?? []).map(({ field, message }) => `${field} ${message}`);
    throw error;
  }
  return [];
}

it.each<[what: string, check: () => unknown, words: readonly string[]]>([
  ['a post-only order that does not wait', () => checkPlace({ ...ORDER, time_in_force: 'ioc', post_only: true }), ['post_only may be true only with time_in_force gtc']],
  ['a market order with a price', () => checkPlace({ ...ORDER, type: 'market' }), ['price is not allowed with type market']],
  ['a word that is of another type', () => checkPlace({ ...ORDER, time_in_force: null }), ['time_in_force must be one of [gtc, ioc, fok, gtd, day]']],
  ['an amend of total and rest', () => checkBody(AMEND, { quantity: '1', remaining_quantity: '2' }), ['body must not have quantity and remaining_quantity at once']],
  ['parameters given twice', () => checkQuery(QUERIES.orders, { client_id: ['ann', 'bob'], limit: ['1', '2'] }), ['client_id must be given once', 'limit must be given once']],
  ['a word in a list', () => checkBody(API_KEY, { name: 'k', scopes: ['read', 'write', 7] }), ['scopes.1 must be one of [read, trade, transfer, withdraw, admin]', 'scopes.2 must be one of [read, trade, transfer, withdraw, admin]']],
  ['nothing wrong', () => checkPlace(ORDER), []],
])('%s', (_, check, words) => {
  expect(wordsOf(check)).toEqual(words);
});
