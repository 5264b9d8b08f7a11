import { REACH_PAGES } from './support/groups';
import { describePages } from './support/run-pages';

describePages('a venue that is reached from elsewhere', REACH_PAGES);
