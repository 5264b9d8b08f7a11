import { PEOPLE_PAGES } from './support/groups';
import { describePages } from './support/run-pages';

describePages('a venue whose callers say who they are', PEOPLE_PAGES);
