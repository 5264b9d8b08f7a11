import { AUCTION_PAGES } from './support/groups';
import { describePages } from './support/run-pages';

describePages('auctions, with their example', AUCTION_PAGES);
