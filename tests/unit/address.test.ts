import { networkOf, plainAddress } from '../../src/domain/address';

describe('an address', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'], ['::ffff:192.0.2.7', '192.0.2.7'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'], ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'], ['::1', '0:0:0:0::/64'], ['fe80::1%eth0', 'fe80:0:0:0::/64'], ['1::', '1:0:0:0::/64'], ['', ''],
  ])('%s counts as %s', (address, network) => expect(networkOf(address)).toBe(network));

  it('of IPv4 is one, however it is written', () => {
    expect([plainAddress('::ffff:10.0.0.1'), plainAddress('10.0.0.1'), plainAddress('::1')]).toEqual(['10.0.0.1', '10.0.0.1', '::1']);
  });
});
