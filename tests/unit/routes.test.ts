import { CALLS } from '#openfill-contract';
import { routesOf } from '../../src/dialects/native/call-routes';

const { getOrder, cancelOrder, getHealth } = CALLS;
const handle = (): Promise<null> => Promise.resolve(null);

describe('routes of the contract\'s calls', () => {
  it('are what the contract says of them', () => {
    const routes = routesOf({ getOrder, cancelOrder, getHealth }, { getHealth: handle, cancelOrder: handle, getOrder: handle });
    expect(routes.map(({ method, path, body, isForAnyHost }) => [method, path, body !== null, isForAnyHost])).toEqual([
      ['GET', '/public/orders/:order_id', false, false],
      ['POST', '/orders/:order_id/cancel', true, false],
      ['GET', '/healthz', false, true],
    ]);
  });

  it('are none without a handler for each call, or with one for no call', () => {
    expect(() => routesOf({ getOrder, getHealth }, { getOrder: handle })).toThrow('the call getHealth has no handler');
    expect(() => routesOf({ getOrder }, { getOrder: handle, getHealth: handle })).toThrow('getHealth handles no call of the contract');
    expect(() => routesOf({ toString: getOrder }, {})).toThrow('the call toString has no handler');
  });
});
