import { VENUE_PAGES } from './support/groups';
import { describePages } from './support/run-pages';

describePages('a venue from its first order on', VENUE_PAGES);
