import { PlaceReader } from '../../src/dialects/native/place-reader';
import { RequestRefusal } from '../../src/http/request-refusal';

/** Orders that ask to be made to fail are taken where a setting says so, and are unknown elsewhere. */

const ORDER = { client_id: 'ann', side: 'buy', type: 'limit', price: '1', quantity: '1' };

function errorsOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    if (error instanceof RequestRefusal) return error.errors;
    throw error;
  }
  return null;
}

it('takes the step at which an order is to fail, alone and in a batch', () => {
  const reader = new PlaceReader(true);
  expect(reader.place({ ...ORDER, inject_failure_step: 'settle' }, undefined)).toMatchObject({ op: 'place', clientId: 'ann', failAt: 'settle' });
  expect(reader.operation({ op: 'place', ...ORDER, inject_failure_step: 'reserve_funds' })).toMatchObject({ op: 'place', failAt: 'reserve_funds' });
  expect(reader.place(ORDER, undefined)).not.toHaveProperty('failAt');
});

it('refuses a step that there is not, and one of what is no order', () => {
  const reader = new PlaceReader(true);
  const words = 'must be one of [reserve_funds, submit_order, process_fills, settle]';
  expect(errorsOf(() => reader.place({ ...ORDER, inject_failure_step: 'later' }, undefined))).toEqual([{ field: 'inject_failure_step', message: words }]);
  expect(errorsOf(() => reader.operation({ op: 'cancel', client_id: 'ann', client_order_id: '1', inject_failure_step: 'settle' }))).toEqual(
    [{ field: 'inject_failure_step', message: 'is not allowed with op cancel' }]);
});

it('does not know the field where nothing says so', () => {
  const reader = new PlaceReader(false);
  for (const read of [() => reader.place({ ...ORDER, inject_failure_step: 'settle' }, undefined), () => reader.operation({ op: 'place', ...ORDER, inject_failure_step: 'settle' })]) {
    expect(errorsOf(read)).toEqual([{ field: 'inject_failure_step', message: 'is not allowed' }]);
  }
});

it('refuses the venue\'s own names, quickly and in words', () => {
  const reader = new PlaceReader(false);
  expect(errorsOf(() => reader.place({ ...ORDER, client_id: '@fees' }, undefined))).toEqual(
    [{ field: 'client_id', message: 'must not begin with @: such names are the venue\'s own' }]);
  expect(reader.place({ ...ORDER, client_id: 'a@b' }, undefined).clientId).toBe('a@b');
});
