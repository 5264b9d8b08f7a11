import { createHmac, randomBytes } from 'node:crypto';
import { HmacKey } from '../../src/people/hmac-key';

test.each([0, 1, 31, 32, 63, 64, 65, 200])('a secret of %i bytes signs as any other HMAC-SHA256', (bytes) => {
  const secret = randomBytes(bytes);
  const key = new HmacKey(secret);
  for (const parts of [[], [''], ['1764180000000', 'POST', '/orders?a=%C3%A9&b=é', Buffer.from('{"side":"buy"}')], [randomBytes(5_000), 'ü'.repeat(100)]]) {
    const hmac = createHmac('sha256', secret);
    for (const part of parts) hmac.update(part);
    expect(key.sign(parts)).toEqual(hmac.digest());
  }
});
