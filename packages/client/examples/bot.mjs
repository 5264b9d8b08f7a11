import { OpenfillClient } from 'openfill-client';

const venue = new OpenfillClient(process.argv[2]);
const stream = venue.stream({ instruments: ['BTC-USD'] });
const quote = (side) => venue.place({ client_id: 'bot', side, type: 'limit', price: side === 'buy' ? '49990.00' : '50010.00', quantity: '0.1' });
stream.on('order', async ({ data: order }) => {
  if (order.client_id !== 'bot' || order.status !== 'filled') return;
  console.log(`${order.side} ${order.quantity} filled at ${order.average_price}`);
  await quote(order.side);
});
stream.on('disconnected', (reason) => console.error(`not connected, trying again: ${reason}`));
await stream.reached();
await Promise.all([quote('buy'), quote('sell')]);
