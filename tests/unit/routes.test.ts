import { CALLS, CALL_ACCESS } from '#openfill-contract';
import { routesOf } from '../../src/dialects/native/call-routes';

const { getOrder, cancelOrder, getHealth } = CALLS;
const handle = (): Promise<null> => Promise.resolve(null);

describe('routes of the contract\'s calls', () => {
  it('are what the contract says of them', () => {
    const routes = routesOf({ getOrder, cancelOrder, getHealth }, { getHealth: handle, cancelOrder: handle, getOrder: handle }, CALL_ACCESS);
    expect(routes.map(({ method, path, body, isForAnyHost }) => [method, path, body !== null, isForAnyHost])).toEqual([
      ['GET', '/public/orders/:order_id', false, false],
      ['POST', '/orders/:order_id/cancel', true, false],
      ['GET', '/healthz', false, true],
    ]);
  });

  it('are none without a handler for each call, or with one for no call', () => {
    expect(() => routesOf({ getOrder, getHealth }, { getOrder: handle }, CALL_ACCESS)).toThrow('the call getHealth has no handler');
    expect(() => routesOf({ getOrder }, { getOrder: handle, getHealth: handle }, CALL_ACCESS)).toThrow('getHealth handles no call of the contract');
    expect(() => routesOf({ toString: getOrder }, {}, CALL_ACCESS)).toThrow('the call toString has no handler');
  });

  it('are none without a row that says who may make the call', () => {
    expect(() => routesOf({ getOrder }, { getOrder: handle }, {})).toThrow('nothing says who may make the call getOrder');
    expect(() => routesOf({ toString: getOrder }, { toString: handle }, CALL_ACCESS)).toThrow('nothing says who may make the call toString');
  });
});
